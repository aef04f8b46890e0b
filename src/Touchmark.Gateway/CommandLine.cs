using System.Globalization;
using Touchmark.Gateway.DeadMan;
using Touchmark.Gateway.Enrolment;
using Touchmark.Moonraker;

namespace Touchmark.Gateway;

/// <summary>Of a first enrolment.</summary>
/// <param name="Engine">Its address, ending with a slash.</param>
/// <param name="Code">The pairing code; null asks for it once the printer is measured.</param>
/// <param name="Email">An account, in place of a code.</param>
/// <param name="PasswordFile">A file whose first line is its password.</param>
/// <param name="Printer">Where Moonraker answers.</param>
/// <param name="Name">What people call the printer.</param>
/// <param name="InstallDeadMan">Whether to put the dead-man timer into the printer's configuration.</param>
internal sealed record EnrolOptions(Uri Engine, string? Code, string? Email, string? PasswordFile, MoonrakerAddress Printer, string? Name, bool InstallDeadMan);

/// <summary>Of the keys that open files. Neither: list them.</summary>
/// <param name="AddFernet">File of a Fernet key to keep.</param>
/// <param name="Remove">Name of the key to remove.</param>
internal sealed record KeysOptions(string? AddFernet, string? Remove);

internal sealed record DeadManOptions(DeadManTask Task, MoonrakerAddress? Printer);

/// <summary>
/// What was asked for. Read by hand: eight commands with at most ten options do not earn a library's megabytes in a program that promises to be small.
/// </summary>
internal sealed record CommandLine(string Command, string? Home, EnrolOptions? Enrol, DeadManOptions? DeadMan, int Repeats, string? VaultSocket, KeysOptions? Keys, bool ThroughMoonraker)
{
    private const string NoDeadMan = "--no-dead-man";

    private const string NoSnapshot = "--no-snapshot";

    private const string RepeatsOption = "--repeats";

    private const string Again = "--again";

    private const string Email = "--email";

    private const string PasswordFile = "--password-file";

    private const string SocketOption = "--socket";

    private const string NoVault = "--none";

    private const string AddFernet = "--add-fernet";

    private const string RemoveKey = "--remove";

    private const string Through = "--through";

    private const string WrongPrinter = "--printer needs an address such as http://voron.local:7125 or unix:/home/pi/printer_data/comms/moonraker.sock.";

    public const string Usage =
        """
        touchmark-gateway drives one printer for a Touchmark engine.

          touchmark-gateway enrol --engine URL --printer URL [--code CODE | --email E --password-file F] [--name NAME] [--no-dead-man] [--repeats N | --no-snapshot]
              measures this printer and presents it to the engine under a one-time pairing code, or in the name of an account
              --code      good for ten minutes; without it the code is asked for when the printer is measured
              --email     an account of role manufacturer or admin, whose organisation the printer then belongs to; its password is the first line of the file
              --printer   http://HOST:7125, https://HOST:7130 or unix:/path/moonraker.sock
              --name      what people call the printer
              --no-dead-man  leave the printer's configuration alone; most licences then refuse to print
              --repeats   how often homing, heating and the bed's mesh are measured (3); it moves and heats the printer
              --no-snapshot  leaves that out; the enrolment then says so
          touchmark-gateway enrol --again [--repeats N | --no-snapshot]
              presents this printer as it is now, after a repair: it prints again once that is accepted
          touchmark-gateway deadman install|test|remove [--printer URL]
              the printer's own dead-man timer, which brings it to rest when this computer dies:
              installs it in the printer's configuration (restarts the firmware), proves it, or removes it
          touchmark-gateway vault --socket FILE | --none
              the vault beside this printer, which signs a bundle of each print and counter-signs its certificate: its Unix socket
          touchmark-gateway sessions --through extra|moonraker
              how the lines of live sessions reach Klipper: through its extra [touchmark] where it has that (so at first), or always through Moonraker
          touchmark-gateway keys [--add-fernet FILE | --remove NAME]
              the keys that open encrypted files on this printer; a Fernet key comes from the marketplace whose files it opens, and its file is yours to delete
          touchmark-gateway run          connects to the engine and prints what it is sent, until stopped
          touchmark-gateway status       how the gateway of this folder is
          touchmark-gateway diagnostics  what it did lately (kept in its memory only)

          --home DIR  folder of this gateway; otherwise $TOUCHMARK_HOME, otherwise ~/.touchmark

        Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
        """;

    /// <exception cref="GatewayError">Code USAGE.</exception>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        if (arguments.Count == 0)
        {
            throw Wrong("A command is missing.");
        }

        var command = arguments[0];
        var first = 1;
        DeadManTask? task = null;
        if (command == "deadman")
        {
            task = arguments.ElementAtOrDefault(first++) switch
            {
                "install" => DeadManTask.Install,
                "test" => DeadManTask.Test,
                "remove" => DeadManTask.Remove,
                _ => throw Wrong("deadman needs one of install, test and remove."),
            };
        }

        string[] known = command switch
        {
            "enrol" when arguments.Contains(Again) => ["--home", Again, RepeatsOption, NoSnapshot],
            "enrol" => ["--home", "--engine", "--code", Email, PasswordFile, "--printer", "--name", NoDeadMan, RepeatsOption, NoSnapshot],
            "deadman" => ["--home", "--printer"],
            "vault" => ["--home", SocketOption, NoVault],
            "sessions" => ["--home", Through],
            "keys" => ["--home", AddFernet, RemoveKey],
            "run" or "status" or "diagnostics" => ["--home"],
            "help" or "--help" or "-h" => [],
            _ => throw Wrong($"There is no command '{command}'."),
        };
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = first; i < arguments.Count; i += 2)
        {
            if (!known.Contains(arguments[i], StringComparer.Ordinal))
            {
                throw Wrong($"{command} has no option '{arguments[i]}'.");
            }

            if (arguments[i] is NoDeadMan or NoSnapshot or Again or NoVault)
            {
                values[arguments[i]] = "";
                i--;
                continue;
            }

            if (i + 1 == arguments.Count || !values.TryAdd(arguments[i], arguments[i + 1]))
            {
                throw Wrong($"{arguments[i]} needs one value.");
            }
        }

        var home = values.GetValueOrDefault("--home");
        return new CommandLine(command, home, command == "enrol" && !values.ContainsKey(Again) ? ParseEnrol(values) : null, task is { } asked ? new DeadManOptions(asked, ParsePrinter(values)) : null, ParseRepeats(values), command == "vault" ? ParseVault(values) : null, command == "keys" ? ParseKeys(values) : null, command == "sessions" && ParseThrough(values));
    }

    private static string? ParseVault(Dictionary<string, string> values) => (values.GetValueOrDefault(SocketOption), values.ContainsKey(NoVault)) switch
    {
        (null, true) => null,
        ({ } socket, false) when Path.IsPathRooted(socket) => socket,
        _ => throw Wrong($"vault needs {SocketOption} with an absolute path, or {NoVault}."),
    };

    private static bool ParseThrough(Dictionary<string, string> values) => values.GetValueOrDefault(Through) switch
    {
        "extra" => false,
        "moonraker" => true,
        _ => throw Wrong($"sessions needs {Through} extra or {Through} moonraker."),
    };

    private static KeysOptions ParseKeys(Dictionary<string, string> values) =>
        (values.GetValueOrDefault(AddFernet), values.GetValueOrDefault(RemoveKey)) is var (add, remove) && add is not null && remove is not null
            ? throw Wrong($"{AddFernet} and {RemoveKey} exclude each other.")
            : new KeysOptions(add, remove);

    private static EnrolOptions ParseEnrol(Dictionary<string, string> values)
    {
        if (!Uri.TryCreate(values.GetValueOrDefault("--engine"), UriKind.Absolute, out var engine) || engine.Scheme is not ("https" or "http") || engine.UserInfo.Length > 0)
        {
            throw Wrong("--engine needs an address such as https://engine.example.");
        }

        if (engine.Scheme == "http" && !engine.IsLoopback)
        {
            throw new GatewayError("ENGINE_NOT_ENCRYPTED", $"{engine} is neither encrypted nor on this computer.", "Use the engine's https address.");
        }

        var printer = ParsePrinter(values) ?? throw Wrong(WrongPrinter);

        // A base address must end with a slash, or its last part would be replaced.
        var withSlash = engine.AbsoluteUri.EndsWith('/') ? engine : new Uri(engine.AbsoluteUri + "/");
        var (code, email, password) = (values.GetValueOrDefault("--code"), values.GetValueOrDefault(Email), values.GetValueOrDefault(PasswordFile));
        if (email is null != (password is null) || (code is not null && email is not null))
        {
            throw Wrong($"An enrolment takes --code, or {Email} together with {PasswordFile}.");
        }

        return new EnrolOptions(withSlash, code, email, password, printer, values.GetValueOrDefault("--name"), !values.ContainsKey(NoDeadMan));
    }

    private static int ParseRepeats(Dictionary<string, string> values)
    {
        if (values.ContainsKey(NoSnapshot))
        {
            return values.ContainsKey(RepeatsOption) ? throw Wrong($"{RepeatsOption} and {NoSnapshot} exclude each other.") : 0;
        }

        return !values.TryGetValue(RepeatsOption, out var text) ? SnapshotTaker.UsualRepeats
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var repeats) && repeats is >= 1 and <= SnapshotTaker.MostRepeats ? repeats
            : throw Wrong($"{RepeatsOption} needs a number from 1 to {SnapshotTaker.MostRepeats}.");
    }

    private static MoonrakerAddress? ParsePrinter(Dictionary<string, string> values) =>
        !values.TryGetValue("--printer", out var text) ? null : MoonrakerAddress.TryParse(text, out var printer) ? printer : throw Wrong(WrongPrinter);

    private static GatewayError Wrong(string message) => new("USAGE", message, "touchmark-gateway help lists the commands.");
}
