"""clang-tidy finds no bug in boot/, kernel/ and mm/, the clang analyzer's paths included."""

import analysis

TOOL = "clang-tidy-14"
CHECKS = ("clang-diagnostic-*", "clang-analyzer-*", "bugprone-*", "cert-*", "misc-*",
          "readability-misleading-indentation")
FINDING = (r"^(?P<file>/[^:\n]+):(?P<line>\d+):\d+: (?:warning|error): (?P<text>.*) "
           r"\[(?P<check>[\w.,+-]+)\]$")


def check(tree):
    known, _, _ = analysis.known_to(tree, "tidy")
    checks = ["-*", *CHECKS]
    for excuse in known:
        if excuse.file == "*":
            checks += [f"-{name}" for name in excuse.check.split(",")]
    command = [TOOL, "--quiet", f"--checks={','.join(checks)}",
               "--header-filter=/(boot|kernel|mm|include)/"]
    problems = analysis.excused_in_source(tree)
    output = ""
    for source, status, said in analysis.run_each(tree, "clang", command):
        output += said
        if status != 0 and not analysis.findings_in(tree, said, FINDING):
            problems.append(f"{source}: {TOOL}: status {status}: {said.strip()}")
    return problems + analysis.judge(tree, "tidy", analysis.findings_in(tree, output, FINDING))
