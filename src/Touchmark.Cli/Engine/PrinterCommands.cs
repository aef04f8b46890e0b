using System.CommandLine;
using System.Text.Json;
using Touchmark.Cli.Terminal;

namespace Touchmark.Cli.Engine;

/// <summary><c>touchmark printer</c>.</summary>
internal static class PrinterCommands
{
    public static Command Create() => new("printer", "Printers: enrol, list, seal files for them, and accept repaired ones.")
    {
        Pair(),
        Arguments.Asking("list", "List your printers.", (engine, _, cancel) => engine.GetAsync("/api/printers", cancel), printers => Screen.Table(printers, "No printer is enrolled yet.",
            new("Name", "name"), new("Model", "model"), new("Firmware", "firmware"), new("Enrolled", "enrolled_at"), new("Id", "id"))),
        Show(),
        Queue(),
        Drift(),
        Notes(),
        Note(),
        Keys(),
        RotateKey(),
        RevokeKey(),
        BedClear(),
        BedCheck(),
        Seal(),
        Arguments.Asking("changes", "List repaired or changed printers that wait to be accepted.", (engine, _, cancel) => engine.GetAsync("/api/enrolments/pending", cancel), ShowChanges),
        Decide("accept", "Accept a changed printer: signs a new enrolment that names the one before. For admins, and for the owner whose licences alone name the printer."),
        Decide("decline", "Decline a changed printer: the machine stays as it was enrolled."),
        History(),
        Prices(),
        Revoke(),
    };

    private static Command Pair()
    {
        var organisation = new Option<Guid?>("--organisation") { Description = "The id of a manufacturer's organisation, for which an admin makes the code; yours without it." };
        return Arguments.Asking("pair", "Get a pairing code, good once and for ten minutes.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/pairing-codes{(parsed.GetValue(organisation) is { } id ? $"?organisation={id}" : "")}", null, cancel), ShowCode, organisation);
    }

    private static Command Drift()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("drift", "List what prints measured of a printer's homing and heating, beside its enrolment; newest first.",
            (engine, parsed, cancel) => engine.GetAsync($"/api/printers/{parsed.GetValue(id)}/behaviour", cancel),
            rows => Screen.Table(rows, "No print has measured anything yet.", new("When", "measured_at"), new("What", "what"), new("Measured", "found"), new("Enrolled", "enrolled"), new("Tolerance", "tolerance"), new("Unit", "unit"), new("Job", "job_id")), id);
    }

    private static Command Notes()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("notes", "List the maintenance notes of a printer, newest first.", (engine, parsed, cancel) => engine.GetAsync($"/api/printers/{parsed.GetValue(id)}/notes", cancel),
            rows => Screen.Table(rows, "There are no notes yet.", new("When", "made_at"), new("By", "made_by"), new("Note", "words")), id);
    }

    private static Command Note()
    {
        var id = Arguments.Id("printer");
        var words = new Argument<string>("words") { Description = "What was done. Nobody can change it afterwards." };
        return Arguments.Asking("note", "Add a maintenance note to a printer.", (engine, parsed, cancel) => engine.PostAsync($"/api/printers/{parsed.GetValue(id)}/notes", new { Words = parsed.GetValue(words) }, cancel),
            note => Screen.Line($"Noted at {Screen.Text(note, "made_at")}."), id, words);
    }

    private static Command Keys()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("keys", "List the versions of the key that a printer's files are sealed under.", (engine, parsed, cancel) => engine.GetAsync($"/api/printers/{parsed.GetValue(id)}/keys", cancel),
            rows => Screen.Table(rows, "No file was sealed for this printer yet.", new("Version", "version"), new("Made", "made_at"), new("Revoked", "revoked_at"), new("Key", "key_id")), id);
    }

    private static Command RotateKey()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("rotate-key", "Seal new files for a printer under a new key; what was sealed before still prints.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/printers/{parsed.GetValue(id)}/keys/rotate", null, cancel), Screen.Facts, id);
    }

    private static Command RevokeKey()
    {
        var id = Arguments.Id("printer");
        var version = new Argument<int>("version") { Description = "The version of its key." };
        return Arguments.Asking("revoke-key", "Revoke a version of a printer's key: nothing that was sealed under it prints any more.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/printers/{parsed.GetValue(id)}/keys/{parsed.GetValue(version)}/revoke", null, cancel), Screen.Facts, id, version);
    }

    private static Command Queue()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("queue", "List the jobs that a printer has before it, in the order in which it prints them.", (engine, parsed, cancel) => engine.GetAsync($"/api/printers/{parsed.GetValue(id)}/queue", cancel),
            jobs => Screen.Table(jobs, "Nothing waits for this printer.", new("Part", "design_name"), new("State", "state"), new("Priority", "priority"), new("What goes on", "message"), new("Ordered", "created_at"), new("Id", "id")), id);
    }

    private static Command BedClear()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("bed-clear", "Confirm, standing at the printer, that nothing lies on its bed: its next job may start.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/printers/{parsed.GetValue(id)}/bed-clear", null, cancel), printer => Screen.Line($"The bed of {Screen.Text(printer, "name")} is clear."), id);
    }

    private static Command BedCheck()
    {
        var id = Arguments.Id("printer");
        var what = new Argument<string>("what") { Description = "on, or off for a printer that clears its bed by itself." };
        what.AcceptOnlyFromAmong("on", "off");
        return Arguments.Asking("bed-check", "Say whether jobs wait until somebody has confirmed that the bed is clear.",
            (engine, parsed, cancel) => engine.PutAsync($"/api/printers/{parsed.GetValue(id)}/bed-check", new { Required = parsed.GetValue(what) == "on" }, cancel),
            printer => Screen.Line(printer.GetProperty("bed").GetProperty("check").GetBoolean()
                ? $"Jobs of {Screen.Text(printer, "name")} wait until somebody has confirmed that the bed is clear." : $"Jobs of {Screen.Text(printer, "name")} start by themselves: it clears its bed."), id, what);
    }

    private static Command Prices()
    {
        var id = Arguments.Id("printer");
        var hour = new Option<double?>("--hour") { Description = "What an hour of printing costs." };
        var kg = new Option<double?>("--kg") { Description = "What a kilogram of material costs." };
        var currency = new Option<string>("--currency") { Description = "Three letters.", DefaultValueFactory = _ => "EUR" };
        return Arguments.Asking("prices", "Show what printing on a printer costs, or set it with --hour and --kg; touchmark job estimate counts with it.", (engine, parsed, cancel) =>
        {
            var path = $"/api/printers/{parsed.GetValue(id)}/prices";
            return (parsed.GetValue(hour), parsed.GetValue(kg)) switch
            {
                (null, null) => engine.GetAsync(path, cancel),
                ({ } perHour, { } perKg) => engine.PutAsync(path, new { PerHour = perHour, PerKg = perKg, Currency = parsed.GetValue(currency) }, cancel),
                _ => throw new CliFailure("a price is of an hour and of a kilogram.", "give both --hour and --kg, or none to see what is set", exitCode: 2),
            };
        }, Screen.Facts, id, hour, kg, currency);
    }

    private static Command Revoke()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("revoke", "Revoke a printer's device key: what it prints stops at once, and nothing starts on it any more. One that was repaired is enrolled again instead.",
            (engine, parsed, cancel) => engine.PostAsync($"/api/printers/{parsed.GetValue(id)}/revoke", null, cancel), printer => Screen.Line($"Revoked {Screen.Text(printer, "name")}."), id);
    }

    private static Command Seal()
    {
        var id = Arguments.Id("printer");
        var licence = new Option<Guid>("--licence") { Description = "The licence's id. A print is taken from it when the printer prints the file, not before.", Required = true };
        var material = new Option<string>("--material") { Description = "The material.", DefaultValueFactory = _ => "PLA" };
        var quality = new Option<string>("--quality") { Description = "draft, standard or fine.", DefaultValueFactory = _ => "standard" };
        var output = new Option<FileInfo>("--output") { Description = "Where to write the file: give it to that printer as any other, for example in Mainsail.", Required = true };
        var command = new Command("seal", "Have a licensed part sliced and sealed into a file that one printer alone can print.") { id, licence, material, quality, output };
        command.SetAction(async (parsed, cancel) =>
        {
            using var engine = EngineClient.SignedIn();
            var file = parsed.GetValue(output)!;
            var bytes = await engine.PostForBytesAsync(
                $"/api/printers/{parsed.GetValue(id)}/files",
                new { LicenceId = parsed.GetValue(licence), Material = parsed.GetValue(material), Quality = parsed.GetValue(quality), file.Name }, cancel);
            await File.WriteAllBytesAsync(file.FullName, bytes, cancel);
            Screen.Line($"Wrote {bytes.Length} bytes to {file}.");
            return 0;
        });
        return command;
    }

    private static Command Decide(string what, string description)
    {
        var id = Arguments.Id("presented enrolment");
        return Arguments.Asking(what, description, (engine, parsed, cancel) => engine.PostAsync($"/api/enrolments/{parsed.GetValue(id)}/{what}", null, cancel), Screen.Facts, id);
    }

    private static Command History()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("history", "List all enrolments of a printer, oldest first.", (engine, parsed, cancel) => engine.GetAsync($"/api/printers/{parsed.GetValue(id)}/enrolments", cancel),
            rows => Screen.Table(rows, "There are none.", new("Presented", "presented_at"), new("State", "state"), new("Decided", "decided_at"), new("By", "decided_by"), new("Id", "id")), id);
    }

    private static void ShowChanges(JsonElement changes)
    {
        if (changes.GetArrayLength() == 0)
        {
            Screen.Line("No changed printer waits to be accepted.");
        }

        foreach (var change in changes.EnumerateArray())
        {
            Screen.Line($"{Screen.Text(change, "printer_name")} of {Screen.Text(change, "organisation")}, presented {Screen.Text(change, "presented_at")}:");
            foreach (var difference in change.GetProperty("differences").EnumerateArray())
            {
                Screen.Line($"  {difference.GetString()}");
            }

            Screen.Line($"  touchmark printer accept {Screen.Text(change, "id")}, or decline");
        }
    }

    private static Command Show()
    {
        var id = Arguments.Id("printer");
        return Arguments.Asking("show", "Show one printer.", (engine, parsed, cancel) => engine.GetAsync($"/api/printers/{parsed.GetValue(id)}", cancel), Screen.Facts, id);
    }

    private static void ShowCode(JsonElement code)
    {
        Screen.Line($"Pairing code {Screen.Text(code, "code")}, good until {Screen.Text(code, "expires_at")}. On the PC beside the printer:");
        Screen.Line($"  touchmark-gateway enrol --engine {Home.Session().Engine} --code {Screen.Text(code, "code")} --printer http://PRINTER:7125");
    }
}

/// <summary><c>touchmark catalogue</c>.</summary>
internal static class CatalogueCommand
{
    public static Command Create() => Arguments.Asking("catalogue", "List what you may print.", (engine, _, cancel) => engine.GetAsync("/api/catalogue", cancel), rows => Screen.Table(rows,
        "No design is licensed to you yet.", new("Part", "name"), new("From", "owner"), new("Prints left", "left"), new("Until", "expires_at"), new("Licence", "licence_id")));
}
