# Turns the template into the page that is served: what is in /output when this ends goes live.
set -eu
echo "building $LCI_PROJECT, build $LCI_BUILD_NUMBER of commit $LCI_COMMIT"
sed -e "s/@NUMBER@/$LCI_BUILD_NUMBER/" -e "s/@COMMIT@/$LCI_COMMIT/" index.html > /output/index.html
echo ok > /output/health
ls -l /output
