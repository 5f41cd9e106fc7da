-- Requests as browsers send them: eleven headers, no two heads alike.
-- Arguments: the path before what varies, and "close" where each request is to have a connection of its own.

local path, ending
local count = 0
local agents, languages = {}, {}

local threads = 0

function setup(thread)
    threads = threads + 1
    thread:set("number", threads)
end

function init(arguments)
    path = arguments[1]
    ending = arguments[2] == "close" and "\r\nConnection: close\r\n\r\n" or "\r\n\r\n"
    math.randomseed(os.time() * 100 + number)
    for i = 1, 97 do
        agents[i] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" ..
            100 + i .. ".0." .. i * 41 .. ".71 Safari/537.36"
    end
    for i = 1, 13 do
        languages[i] = "en-GB,en;q=0." .. i % 9 + 1 .. ",de;q=0." .. i % 7 + 1
    end
end

function request()
    count = count + 1
    local draw = math.random(0, 999999999)
    return "GET " .. path .. "shelf/" .. count .. "?page=" .. draw % 50 ..
        " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port ..
        "\r\nUser-Agent: " .. agents[draw % 97 + 1] ..
        "\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8" ..
        "\r\nAccept-Language: " .. languages[draw % 13 + 1] ..
        "\r\nAccept-Encoding: gzip, deflate, br" ..
        "\r\nReferer: http://shop.example.com/shelf/" .. draw ..
        "\r\nCookie: session=" .. draw * 7919 .. count .. "; theme=dark; seen=" .. count ..
        "\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate" ..
        "\r\nSec-Fetch-Site: same-origin" .. ending
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\nresult: {"requests": %d, "seconds": %f, "failed": %d, "p50": %f, "p99": %f}\n',
        summary.requests, summary.duration / 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50) / 1e6, latency:percentile(99) / 1e6
    ))
end
