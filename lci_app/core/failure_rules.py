"""How the tools that builds run say why they failed: one row a tool.

Patterns are matched at the beginning of a line that has lost its colours (`failures.shown_text`). They hold no
repetition within a repetition, so that each takes time in proportion to the line at worst squared, and lines are cut.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cause:
    """The first line that fits `pattern`; where `after` is given, the first behind a line that fits that.

    `last`: behind the last such line, or without `after` the last that fits `pattern`.
    """

    pattern: re.Pattern[str]
    after: re.Pattern[str] | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One tool. It failed where a line fits `sign`, by default its first cause; of `causes` the first found counts."""

    tool: str
    causes: tuple[Cause, ...]
    sign: re.Pattern[str]


class Rules:
    """Rules in order. `signs` fits a line that is the sign of one of them, and costs little on any other."""

    def __init__(self, *rules: Rule) -> None:
        self.rules = rules
        self.signs = re.compile("|".join(f"(?:{rule.sign.pattern})" for rule in rules))


def _rule(tool: str, *causes: str | Cause, sign: str | None = None) -> Rule:
    made = tuple(cause if isinstance(cause, Cause) else Cause(re.compile(cause)) for cause in causes)
    signs = [sign] if sign is not None else [cause.pattern.pattern for cause in made]
    return Rule(tool, made, re.compile("|".join(f"(?:{each})" for each in signs)))


def _after(after: str, pattern: str = r"\s*\S", *, last: bool = False) -> Cause:
    return Cause(re.compile(pattern), re.compile(after), last)


def _last(pattern: str) -> Cause:
    return Cause(re.compile(pattern), last=True)


_NPM: Final = r"npm (?:ERR!|error) "
_EXCEPTION: Final = r"[A-Za-z_][\w.$]*(?:Error|Exception|Failure|Exit|Interrupt|Warning)\b"

# What the machine did to the command, whatever the command was: nothing else explains more.
MACHINE: Final = Rules(
    _rule("annotation", r"::error(?: .*)?::"),
    _rule("disk", r".*(?:No space left on device|ENOSPC|Disk quota exceeded)"),
    _rule("node heap", r"FATAL ERROR: .*heap"),
    _rule("java heap", r".*java\.lang\.OutOfMemoryError"),
    _rule("killed", _last(r".*\d Killed\s|Killed$|.*Killed signal terminated program|.*signal: killed")),
    _rule("crash", _last(r".*(?:Segmentation fault|Illegal instruction|Bus error\b)|.*\(core dumped\)")),
    _rule("architecture", r".*(?:exec format error|Exec format error|cannot execute binary file)"),
)

_JAVASCRIPT: Final = (
    _rule("tsc", r".*(?:\(\d+,\d+\): |:\d+:\d+ - )error TS\d+: |error TS\d+: "),
    _rule("eslint", r"\s+\d+:\d+\s+error\s", sign=r"✖ \d+ problem"),
    _rule("prettier", r"\[error\] ", r"\[warn\] ", sign=r"\[warn\] Code style issues|\[error\] "),
    _rule(
        "jest",
        r"\s+● (?!Console$|Test suite failed to run)",
        _after(r"\s+● Test suite failed to run"),
        sign=r"(?:Tests|Test Suites):\s+.*failed",
    ),
    _rule("vitest", r"\s*FAIL\s+\S", sign=r".*⎯ Failed (?:Tests|Suites) |\s*(?:Test Files|Tests)\s+\d+ failed"),
    _rule(
        "mocha",
        _after(r"\s+\d+ failing", rf"\s+(?:{_EXCEPTION}|Error: |Timeout )"),
        _after(r"\s+\d+ failing", r"\s+1\) "),
        sign=r"\s+\d+ failing",
    ),
    _rule("playwright", r"\s+1\) \[", sign=r"\s+\d+ failed$"),
    _rule("node test", r"\s*(?:not ok \d+ |✖ (?!failing tests))", sign=r"(?:#|\N{INFORMATION SOURCE}) fail [1-9]"),
    _rule("webpack", _after(r"ERROR in", r"(?!ERROR in)\S"), sign=r"webpack .*compiled with .*error|ERROR in \S"),
    _rule("next", _after(r"Failed to compile", r"(?:Type error|.*Error): |Module not found"), sign="Failed to compile"),
    _rule("vite", _after("error during build:", r"(?!Build failed with)\S"), sign="error during build:"),
    _rule("esbuild", r"\s*[✘X] \[ERROR\] "),
    _rule("rollup", r"\[!\] "),
    _rule("node", r"\[?\w*Error(?: \[\w+\])?: ", sign=r"Node\.js v\d|\s+at .*\((?:node:)?internal/"),
)

_PYTHON: Final = (
    _rule(
        "pytest",
        r"E   \s*(?![+\[])\S",
        r"pytest: error: ",
        r"ERROR: ",
        r"(?:FAIL|ERROR:? )\s?(?:Required test coverage|Coverage failure)",
        r"(?:FAILED|ERROR) \S",
        sign=r"=+ (?:short test summary|.*\d+ (?:failed|error)|no tests ran)|\d+ (?:failed|errors?)\b.* in [\d.]+s"
        r"|ImportError while loading conftest|FAIL Required test coverage|ERROR: (?:file or directory|usage:|Coverage)",
    ),
    _rule("unittest", _after(r"(?:FAIL|ERROR): ", rf"(?:{_EXCEPTION}|\w+(?:\.\w+)+: )"), sign=r"FAILED \("),
    _rule("mypy", r"\S+:\d+(?::\d+)?: error: ", sign=r"Found \d+ errors? in \d+ file"),
    _rule(
        "ruff",
        r"\S+:\d+:\d+: (?:[A-Z]+\d+|invalid-syntax|SyntaxError)",
        r"[A-Z]+\d{3,} (?:\[.\] )?\S|invalid-syntax: ",
        sign=r"Found \d+ errors?\.|\S+:\d+:\d+: [A-Z]+\d+ ",
    ),
    _rule(
        "black",
        r"would reformat |error: cannot format |unformatted: |Would reformat: ",
        sign=r".*\d+ files? would (?:be reformatted|fail)|Oh no!",
    ),
    _rule("pyright", r"\s+\S+:\d+:\d+ - error: "),
    _rule(
        "pip",
        _after(r".*\[\d+ lines? of output\]", rf"\s+(?:{_EXCEPTION}: |.*\berror: )"),
        r"ERROR: (?!Exception|pip's dependency)",
        r"error: ",
        sign=r"ERROR: (?:Could not|No matching|Failed |Cannot |Invalid |Package |Directory |HTTP error|THESE )"
        r"|ERROR: .*requires a different Python"
        r"|error: (?:subprocess-exited|metadata-generation|failed-wheel|externally-managed)",
    ),
    _rule("uv", r"\s*\N{MULTIPLICATION SIGN} (?:No solution|Failed to )"),
    _rule("version solving", r"\s*Because ", sign=r".*version solving (?:has )?failed"),
    _rule("poetry", r"pyproject\.toml changed significantly|.*poetry\.lock is not"),
    _rule("syntax", r"(?:SyntaxError|IndentationError|TabError): "),
    _rule(
        "python",
        _after(r"\s*Traceback \(most recent call last\):", r"(?!Traceback)[A-Za-z_][\w.]*(?::\s|$)", last=True),
        sign=r"Traceback \(most recent call last\):",
    ),
)

_COMPILED: Final = (
    _rule(
        "go",
        r"\S+\.go:\d+:\d+: ",
        _after(r"\s+Error Trace:", r"\s+Error:\s+\S"),
        r"\s+\S+_test\.go:\d+: ",
        r"panic: |\s*--- FAIL: ",
        r"\s.*: (?:cannot find module|no required module) ",
        r"go: (?!downloading|finding|extracting|added|upgraded|creating)",
        sign=r"FAIL(?:\s|$)|\S+\.go:\d+:\d+: |panic: |go: (?!downloading|finding|extracting|added|upgraded|creating)",
    ),
    _rule(
        "rust",
        r"error\[E\d+\]: ",
        r"thread '.*' .*panicked at '",
        _after(r"thread '.*' .*panicked at "),
        r"error: (?!could not compile|test failed|aborting|process didn't|\d+ target|doctest failed)",
        sign=r"error\[E\d+\]: |thread '.*' .*panicked at |error: could not compile|error: test failed"
        r"|error: (?:failed to|no matching package|no such command|unclosed|the lock file|package )",
    ),
    _rule(
        "kotlin and java under gradle",
        r"e: \S",
        r"\S+\.(?:java|kt|scala|groovy):\d+: error: ",
        _after(r".+ > .+ FAILED$"),
        sign="FAILURE: Build|BUILD FAILED",
    ),
    _rule(
        "java and its tests under maven",
        r"\[ERROR\] \S+\.(?:java|kt|scala|groovy):(?:\[\d+| \(\d+)",
        _after(r".*<<< (?:FAILURE|ERROR)!$", r"[\w.$]+(?:Error|Exception|Failure)\b"),
        r"\[ERROR\]\s{2,}\S",
        sign=r"\[INFO\] BUILD FAILURE",
    ),
    _rule("javac", r"\S+\.java:\d+: error: "),
    _rule("kotlinc", r"e: \S|\S+\.kts?:\d+:\d+: error: "),
    _rule("java", r'Exception in thread ".*" '),
    _rule("sbt", r"\[error\] (?!\(|stack trace|Total time)\S"),
    _rule("dotnet test", _after(r"\s+Error Message:"), sign=r"Failed!\s+- Failed:|Test Run Failed"),
    _rule("dotnet", r".*: error [A-Z]+\d+: ", r".*: error : "),
    _rule("compiler", r".*?:\d+(?::\d+)?: (?:fatal )?error: "),
    _rule(
        "linker",
        r".*: undefined reference to |.*(?:undefined symbol|multiple definition)",
        r"\S*ld\S*: (?:error: |cannot find )",
        sign=r"collect2: error|.*linker command failed|.*: undefined reference to ",
    ),
    _rule("cmake", _after(r"CMake Error at ", r"\s+\S"), r"CMake Error", sign="CMake Error"),
    _rule("ninja", r"ninja: error: "),
)

_OTHERS: Final = (
    _rule("rspec", r"\s+Failure/Error: ", _after("An error occurred while loading"), sign=r"\d+ examples?, "),
    _rule("minitest", _after(r"\s*(?:\d+\) )?(?:Failure|Error):$"), sign=r"\d+ runs, .*[1-9]\d* (?:failure|error)"),
    _rule(
        "bundler",
        r"(?:Could not (?:find|locate|fetch)|Bundler (?:could not|found conflicting)|Your (?:Ruby version|bundle) )"
        r"|The (?:gemspec|lockfile|dependencies in your)|Gem::Ext::BuildError|An error occurred while installing",
    ),
    _rule("rake", _after("rake aborted!|bin/rails aborted!")),
    _rule("ruby", r".*\.rb:\d+:in .*\(\S*(?:Error|Exception)\)"),
    _rule("composer", _after(r"\s+Problem 1", r"\s+- "), sign=r"\s+Problem 1"),
    _rule("phpunit", _after(r"1\) \S"), sign=r"(?:FAILURES|ERRORS)!"),
    _rule("php", r"(?:PHP )?(?:Fatal|Parse) error: "),
    _rule("dart", r"\S+\.dart:\d+:\d+: Error: |\s*error [•-] "),
    _rule("flutter test", r"\d\d:\d\d \+\d+.* -\d+: .*\[E\]"),
    _rule("apt", r"E: "),
    _rule("perl", r"Can't locate \S+ in @INC|.* at \S+ line \d+\.$"),
)

# What only passes on that something in it failed, and shells, whose words may be of an attempt that did no harm: asked
# in this order when nobody above knows.
WRAPPERS: Final = Rules(
    _rule(
        "git",
        r".*Permission denied \(publickey|Host key verification failed|remote: (?!Enumer|Count|Compress|Total)"
        r"|ERROR: Repository not found",
        "fatal: ",
        r"error: pathspec",
        sign=r"fatal: |error: pathspec",
    ),
    _rule("shell", _last(r"(?:\S*/)?(?:ba|da|a|z|k)?sh: (?!warning|.*: warning)\S")),
    _rule("env", r"(?:\S*/)?env: .*No such file|.*executable file not found in \$PATH|.*: can't open file "),
    _rule(
        "npm",
        rf"{_NPM}(?:Missing script|40\d \d|40\d .*-|notarget |could not determine)",
        rf"{_NPM}(?!code |errno |syscall |path |dest |command |signal |cwd |spawn|file |workspace |location |at )"
        r"(?!A complete log|Lifecycle script|Exit status|\S+@\S+ \S+: `|Failed at the|This is probably not|\s|$)",
    ),
    _rule("yarn", r"error (?!Command failed|Couldn't find the binary)", r"➤ YN(?!0000|0009)\d{4}: "),
    _rule("pnpm", r"\s*ERR_PNPM_(?!RECURSIVE|LIFECYCLE)\w+"),
    _rule(
        "docker",
        r"#\d+ ERROR: (?!process |executor failed)",
        r"(?:ERROR: )?failed to (?:solve|build)|(?:COPY|ADD) failed|unknown flag:|Error response from daemon|docker: ",
        sign=r"#\d+ ERROR: (?!process |executor failed)|ERROR: failed to|failed to solve|(?:COPY|ADD) failed"
        r"|unknown flag:|Error response from daemon|docker: ",
    ),
    _rule("maven", r"\[(?:ERROR|FATAL)\] (?!COMPILATION ERROR|To see|Re-run|For more|\[Help|Some problems)\S"),
    _rule(
        "gradle",
        _after(r"\* What went wrong:", r"\s+> "),
        _after(r"\* What went wrong:", r"> "),
        _after(r"\* What went wrong:"),
        sign=r"\* What went wrong:",
    ),
    _rule("cargo fmt", r"Diff in \S"),
    _rule(
        "make",
        r"make(?:\[\d+\])?: (?!warning)[^*\s]\S*: ",
        r"make(?:\[\d+\])?: \*\*\* (?:No rule|.*(?:missing separator|No targets|No such file))",
    ),
)

TOOLS: Final = Rules(*_JAVASCRIPT, *_PYTHON, *_COMPILED, *_OTHERS)

# Only that something failed, and never why.
SUMMARY: Final = re.compile(
    rf"{_NPM}|make(?:\[\d+\])?: |error Command failed|\s*(?:ELIFECYCLE|ERR_PNPM_RECURSIVE)|info Visit|error: Recipe"
    r"|ERROR: .*exit code|.*non-zero exit|.*exited? with (?:code|status)|.*Process completed with exit code"
)
PLAIN_ERROR: Final = re.compile(
    r"\W*(?:[\w./@-]+: )*\[?(?:fatal|error|panic|critical|severe|exception|unhandled|uncaught)\b"
    rf"|\W*{_EXCEPTION}: |[\w.+/-]+: .*(?:No such file|[Pp]ermission denied|cannot |can't |not found|Operation not)",
    re.IGNORECASE,
)
TELLING: Final = re.compile(
    r".*\b(?:error|fatal|failed|failure|exception|panic(?:ked)?|traceback|not found|denied|cannot|can't|no such)\b",
    re.IGNORECASE,
)
