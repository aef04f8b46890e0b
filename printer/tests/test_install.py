# printer/install.sh on made-up trees: no root, systemctl and the like are stand-ins on the PATH that note how they were called.
#
# Copyright (C) 2026 The Touchmark authors
# SPDX-License-Identifier: GPL-3.0-or-later
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest

PRINTER = pathlib.Path(__file__).resolve().parent.parent
SAVED = "#*# <---------------------- SAVE_CONFIG ---------------------->\n#*# DO NOT EDIT THIS BLOCK OR BELOW.\n#*#\n#*# [extruder]\n#*# control = pid\n"
SITE = "server {\n    listen 80;\n    location / {\n        try_files $uri /index.html;\n    }\n}\n"


class Installer(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.calls = self.root / "calls"
        self.put("tree/klipper/klippy/extras/virtual_sdcard.py", "x\n")
        self.put("tree/klipper/.git/info/exclude", "# git ls-files\n*.bak\n")
        self.put("tree/moonraker/moonraker/components/history.py", "x\n")
        self.put("tree/moonraker/.git/info/exclude", "")
        self.put("tree/data/config/printer.cfg", "[printer]\nkinematics: corexy\n\n" + SAVED)
        self.put("tree/data/config/moonraker.conf", "[server]\nhost: 0.0.0.0")
        self.put("tree/data/moonraker.asvc", "klipper_mcu\nwebcamd")
        self.put("tree/mainsail", SITE)
        self.put("gateway", "#!/bin/sh\n", 0o755)
        (self.root / "tree/units").mkdir()
        for program, answer in (("systemctl", "0"), ("nginx", "0"), ("curl", "7"), ("sudo", "1")):
            self.put(f"bin/{program}", f"#!/bin/sh\necho \"{program} $*\" >>'{self.calls}'\nexit {answer}\n", 0o755)

    def put(self, name, text, mode=0o644):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def read(self, name):
        return (self.root / "tree" / name).read_text()

    def run_it(self, *options, code=0, installer=PRINTER / "install.sh"):
        tree = self.root / "tree"
        folders = ["--klipper", tree / "klipper", "--moonraker", tree / "moonraker", "--printer-data", tree / "data", "--gateway", self.root / "gateway",
                   "--nginx-site", tree / "mainsail", "--systemd-dir", tree / "units"]
        environment = {**os.environ, "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}"}
        ran = subprocess.run(["bash", installer, *folders, *options], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(code, ran.returncode, ran.stdout + ran.stderr)
        return ran.stdout + ran.stderr

    def snapshot(self):
        """Every entry of the tree: what it is, its rights, its bytes or where it leads."""
        entries = {}
        for path in sorted((self.root / "tree").rglob("*")):
            entries[str(path)] = (os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None, path.lstat().st_mode)
        return entries

    def called(self):
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def test_what_klipper_moonraker_and_systemd_load_is_in_place(self):
        self.run_it()
        self.assertEqual(str(PRINTER / "moonraker/touchmark"), os.readlink(self.root / "tree/moonraker/moonraker/components/touchmark"))
        self.assertEqual(str(PRINTER / "klipper/touchmark"), os.readlink(self.root / "tree/klipper/klippy/extras/touchmark"))
        self.assertEqual("[printer]\nkinematics: corexy\n\n# >>> touchmark\n[touchmark]\n# <<< touchmark\n" + SAVED, self.read("data/config/printer.cfg"))
        self.assertIn("\n[touchmark]\n", self.read("data/config/moonraker.conf"))
        self.assertIn("\ntouchmark-gateway\n", self.read("data/moonraker.asvc"))
        self.assertIn(f"server {{\n# >>> touchmark\n    include {PRINTER}/nginx/touchmark.conf;\n", self.read("mainsail"))
        self.assertIn("/moonraker/components/touchmark\n", self.read("moonraker/.git/info/exclude"))
        self.assertEqual(["systemctl daemon-reload", "systemctl enable touchmark-gateway"], [call for call in self.called() if not call.startswith("curl")])

    def test_the_service_runs_as_the_printers_user_and_is_locked_in(self):
        self.run_it()
        unit = self.read("units/touchmark-gateway.service")
        for line in (f"ExecStart={self.root / 'gateway'} run", f"User={(self.root / 'tree/data').owner()}", "NoNewPrivileges=yes", "ProtectSystem=strict", "PrivateTmp=yes", "LimitCORE=0",
                     "LimitMEMLOCK=64M", "RuntimeDirectory=touchmark", f"ReadWritePaths=-{pathlib.Path.home()}/.touchmark -{self.root / 'tree/data/gcodes'}"):
            self.assertIn(line + "\n", unit)
        self.assertNotIn("MemoryDenyWriteExecute=", unit)
        self.assertNotRegex(unit.split("[Unit]")[1], "@[A-Z]+@")

    def test_the_update_manager_is_told_where_it_is_in_use_and_not_switched_on_where_it_is_not(self):
        # A copy of the repository with an origin: whether this one has one is nobody's business here.
        copy = self.root / "copy"
        shutil.copytree(PRINTER, copy / "printer", ignore=shutil.ignore_patterns("__pycache__"))
        for command in (("init", "-q", "-b", "main"), ("config", "remote.origin.url", "https://example.com/touchmark.git")):
            subprocess.run(["git", "-C", copy, *command], check=True)
        self.run_it(installer=copy / "printer/install.sh")
        self.assertNotIn("update_manager", self.read("data/config/moonraker.conf"))
        self.put("tree/data/config/update.cfg", "[update_manager mainsail]\ntype: web\n")
        for _ in range(2):
            self.run_it(installer=copy / "printer/install.sh")
            self.assertIn(f"[update_manager touchmark]\ntype: git_repo\npath: {copy}\norigin: https://example.com/touchmark.git\nprimary_branch: main\n", self.read("data/config/moonraker.conf"))

    def test_a_second_run_changes_nothing(self):
        self.run_it()
        before, calls = self.snapshot(), self.called()
        self.assertIn("nothing to do", self.run_it())
        self.assertEqual((before, calls), (self.snapshot(), self.called()))

    def test_taken_out_the_tree_is_as_before_byte_for_byte(self):
        before = self.snapshot()
        self.run_it()
        self.assertNotEqual(before, self.snapshot())
        self.run_it("--uninstall")
        self.assertEqual(before, self.snapshot())
        self.assertIn("systemctl disable --now touchmark-gateway", self.called())
        self.assertIn("nothing to do", self.run_it("--uninstall"))

    def test_whatever_the_configurations_hold_they_come_back_byte_for_byte(self):
        source = random.Random(6)
        pieces = ["[server]", "\n", "\n\n", "\r\n", "#", "\t", "ü", "\\n", "&", "$1", "`x`", SAVED, "server {", "}", "touchmark", "%", "# comment"]
        for number in range(6):
            texts = {name: "".join(source.choice(pieces) for _ in range(source.randrange(0, 12))).encode() for name in ("data/config/printer.cfg", "data/config/moonraker.conf", "data/moonraker.asvc", "mainsail")}
            for name, text in texts.items():
                self.put("tree/" + name, text)
            with self.subTest(number):
                self.run_it()
                self.assertIn("nothing to do", self.run_it())
                self.run_it("--uninstall")
                self.assertEqual(texts, {name: (self.root / "tree" / name).read_bytes() for name in texts})

    def test_what_a_person_adds_around_a_block_stays(self):
        self.run_it()
        path = self.root / "tree/data/config/moonraker.conf"
        path.write_text("# mine\n" + path.read_text())
        self.assertIn("nothing to do", self.run_it())
        path.write_text(path.read_text() + "[authorization]\n")
        self.run_it("--uninstall")
        self.assertTrue(path.read_text().startswith("# mine\n[server]\nhost: 0.0.0.0"))
        self.assertIn("[authorization]", path.read_text())

    def test_a_dry_run_says_what_it_would_do_and_does_nothing(self):
        before = self.snapshot()
        for options in ((), ("--uninstall",)):
            said = self.run_it("--dry-run", *options)
        self.assertEqual(before, self.snapshot())
        self.assertIn("nothing to do", said)
        self.assertIn("would    write the service", self.run_it("--dry-run"))
        self.assertEqual([], self.called())

    def test_check_tells_what_is_missing(self):
        said = self.run_it("--check", code=1)
        self.assertIn("missing  link", said)
        self.run_it()
        self.assertIn("everything is in place", self.run_it("--check"))
        (self.root / "tree/moonraker/moonraker/components/touchmark").unlink()
        self.assertIn("1 missing", self.run_it("--check", code=1))

    def test_nothing_is_restarted_unasked(self):
        self.assertIn("To put it to work: systemctl restart touchmark-gateway klipper moonraker", self.run_it())
        self.assertFalse([call for call in self.called() if " restart " in call])

    def test_with_yes_the_services_are_restarted(self):
        self.run_it("--yes")
        self.assertEqual(["systemctl restart touchmark-gateway klipper moonraker", "nginx -t", "systemctl reload nginx"], self.called()[-3:])

    def test_a_running_print_is_not_disturbed(self):
        for state in ("printing", "paused"):
            self.put("bin/curl", f"#!/bin/sh\necho '{{\"result\": {{\"status\": {{\"print_stats\": {{\"state\": \"{state}\"}}}}}}}}'\n", 0o755)
            self.assertIn("A print is running", self.run_it("--yes"))
            self.run_it("--uninstall", "--yes")
        self.assertFalse([call for call in self.called() if " restart " in call])

    def test_somebody_elses_file_is_not_replaced(self):
        self.put("tree/klipper/klippy/extras/touchmark", "mine")
        self.assertIn("is no link", self.run_it(code=2))
        self.assertEqual("mine", self.read("klipper/klippy/extras/touchmark"))
        self.run_it("--uninstall")
        self.assertEqual("mine", self.read("klipper/klippy/extras/touchmark"))

    def test_folders_that_are_none_and_options_that_are_none_are_told(self):
        for options, said in ((("--klipper", "/nowhere"), "no Klipper in /nowhere"), (("--moonraker", "/nowhere"), "no Moonraker"), (("--printer-data", "/nowhere"), "no printer.cfg"),
                              (("--gateway", "/nowhere"), "touchmark-gateway was not found"), (("--nginx-site", "/nowhere"), "no NGINX"), (("--frobnicate",), "unknown option"), (("--klipper",), "needs a value")):
            with self.subTest(options[0]):
                self.assertIn(said, self.run_it(*options, code=2))

    def test_a_path_that_configurations_do_not_take_is_refused(self):
        (self.root / "tree/data").rename(self.root / "tree/my data")
        self.assertIn("spaces", self.run_it("--printer-data", str(self.root / "tree/my data"), code=2))

    def test_the_script_is_clean(self):
        for command in (["bash", "-n"], ["shellcheck"]):
            ran = subprocess.run([*command, PRINTER / "install.sh"], capture_output=True, text=True, check=False)
            self.assertEqual((0, ""), (ran.returncode, ran.stdout))


if __name__ == "__main__":
    unittest.main()
