import { expect, test } from "vitest";
import { deviceOf } from "./device.ts";

const CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36";

test.each([
  [CHROME, { browser: "Chrome", system: "Linux" }],
  [`${CHROME.replace("X11; Linux x86_64", "Windows NT 10.0; Win64; x64")} Edg/156.0.0.0`, { browser: "Edge", system: "Windows" }],
  ["Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:144.0) Gecko/20100101 Firefox/144.0", { browser: "Firefox", system: "macOS" }],
  ["Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1", { browser: "Safari", system: "iOS" }],
  ["python-requests/2.32", null],
  ["", null],
])("%s", (userAgent, device) => expect(deviceOf(userAgent)).toEqual(device));
