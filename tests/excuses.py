"""Files of excuses: a line each, fields with " | " between, the last one a reason. # comments."""


def read(path, text, names):
    """Return: ([(line number, [field])], [problem]). `names`: of the fields, all wanted."""
    good, problems = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [field.strip() for field in line.split(" | ")]
        if len(fields) != len(names) or not all(fields):
            problems.append(f"{path}:{number}: {len(names)} fields: {', '.join(names)}")
        else:
            good.append((number, fields))
    return good, problems
