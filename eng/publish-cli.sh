#!/usr/bin/env bash
# Publishes the command line for this machine, for ./touchmark.
set -euo pipefail
cd "$(dirname "$0")/.."
. eng/prerequisites.sh
need_dotnet
need_debian libsodium23
program=src/Touchmark.Cli/bin/program
echo "building the touchmark command line (once)"
# Compiled ahead (see its project file): most of what a verification takes would be the compiler's time.
dotnet publish src/Touchmark.Cli -c Release -r "$(dotnet --info | sed -n 's/^ *RID: *//p')" -o "$program" -clp:NoSummary -v:q
touch "$program/touchmark.dll"
