"""``./dev``: what it promises without installing anything."""

import ast
import subprocess
import sys
from pathlib import Path


def dev(root: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "dev"), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=30, check=False)


def test_help_names_every_command_from_any_directory(root: Path, tmp_path: Path) -> None:
    for arguments in ([], ["--help"], ["-h"]):
        result = dev(root, *arguments, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        for command in ("demo", "test", "check", "docs", "bench"):
            assert f"\n  {command} " in result.stdout


def test_an_unknown_command_gives_one_line_and_a_failure(root: Path, tmp_path: Path) -> None:
    result = dev(root, "dance", cwd=tmp_path)
    assert result.returncode != 0
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "'dance'" in result.stderr
    assert "demo" in result.stderr


def test_it_is_executable_and_needs_nothing_but_the_standard_library(root: Path) -> None:
    script = root / "dev"
    assert script.stat().st_mode & 0o111
    imported = set()
    for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    assert imported
    assert imported <= set(sys.stdlib_module_names)
