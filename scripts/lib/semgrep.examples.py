# What each rule of semgrep.yml must find (`ruleid`), and what it must leave (`ok`). Never run.
import asyncio
import hashlib
import os
import pickle
import ssl
import subprocess
import tarfile
import tempfile

# ruleid: no-guessable-secrets
import random

import docker
import requests
import trio

# ruleid: no-shell-on-the-host
subprocess.run("ls", shell=True)
# ruleid: no-shell-on-the-host
os.system("ls")
# ruleid: no-shell-on-the-host
os.popen("ls")
# ruleid: no-shell-on-the-host
trio.run_process("ls", shell=True)
# ruleid: no-shell-on-the-host
asyncio.create_subprocess_shell("ls")
# ruleid: no-shell-on-the-host
subprocess.getoutput("ls")
# ok: no-shell-on-the-host
subprocess.run(["ls", "-l"])
# ruleid: no-shell-by-its-name
subprocess.run(["sh", "-c", "ls"], check=True)
# ruleid: no-shell-by-its-name
subprocess.Popen(["/bin/bash", "-c", "ls"])
# ruleid: no-shell-by-its-name
trio.run_process(["/usr/bin/sh", "-c", "ls"])
# ruleid: no-shell-by-its-name
trio.lowlevel.open_process(["sh", "-c", "ls"])
# ruleid: no-shell-by-its-name
asyncio.create_subprocess_exec("sh", "-c", "ls")
# ok: no-shell-by-its-name
subprocess.run(["python", "-c", "pass"])
# ruleid: no-program-in-our-place
os.execv("/bin/ls", ["ls"])
# ruleid: no-program-in-our-place
os.execvpe("ls", ["ls"], {})
# ruleid: no-program-in-our-place
os.spawnlp(os.P_WAIT, "ls", "ls")
# ruleid: no-program-in-our-place
os.posix_spawn("/bin/ls", ["ls"], {})
# ok: no-program-in-our-place
os.getpid()
# ruleid: no-code-from-data
eval("1")
# ruleid: no-code-from-data
pickle.loads(b"")
# ruleid: no-weak-digest
hashlib.md5(b"")
# ok: no-weak-digest
hashlib.sha256(b"")
# ruleid: certificates-are-checked
requests.get("https://localhost", verify=False)
# ruleid: certificates-are-checked
ssl._create_unverified_context()
# ruleid: containers-are-made-in-the-box
docker.APIClient().create_host_config()
# ruleid: nothing-opens-the-box
docker.APIClient().create_container("image", privileged=True)
# ruleid: nothing-opens-the-box
docker.APIClient().create_container("image", network_mode="host")
# ruleid: archives-are-not-unpacked-blindly
tarfile.open("a").extractall()
# ruleid: temporary-names-are-not-guessed
tempfile.mktemp()
