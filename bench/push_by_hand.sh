# What people write who have no lci: fetch, build in a container, start the result, wait until it answers.
# usage: push_by_hand.sh MIRROR COMMIT WORK PORT IMAGE INTERVAL
mirror=$1 commit=$2 work=$3 port=$4 image=$5 interval=$6
mkdir "$work/source" "$work/output"
git -C "$mirror" fetch -q
git -C "$mirror" archive "$commit" | tar -x -C "$work/source"
docker run --rm -v "$work/source:/build" -v "$work/output:/output" -w /build "$image" sh -e -c 'cp -r . /output/'
docker run -d -p "127.0.0.1:$port:8080" -v "$work/output:/app:ro" "$image" sh -c 'exec httpd -f -p 8080 -h /app' \
    >"$work/container"
until curl -fs -o /dev/null "http://127.0.0.1:$port/index.html"; do sleep "$interval"; done
