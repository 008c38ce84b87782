"""gcc -fanalyzer finds no path to a bug in boot/, kernel/ and mm/.

It looks at what the earlier passes left, and neither level shows it everything: without
optimization no function is inlined, with it what is not set is merged with what is.
"""

import analysis

LEVELS = ("-O0", "-O2")
FINDING = (r"^(?P<file>/[^:\n]+):(?P<line>\d+):\d+: warning: (?P<text>.*) "
           r"\[-W(?P<check>analyzer-[\w-]+)\]$")


def check(tree):
    problems = []
    output = ""
    for level in LEVELS:
        command = ["gcc", *analysis.flags(tree, "gcc"), level, "-fanalyzer",
                   "-fdiagnostics-plain-output", "-c", "-o", "/dev/null"]
        for source, status, said in analysis.run_each(tree, "gcc", command):
            output += said
            if status != 0:
                problems.append(f"{source}: gcc -fanalyzer: status {status}: {said.strip()}")
    return problems + analysis.judge(tree, "analyzer",
                                     analysis.findings_in(tree, output, FINDING))
