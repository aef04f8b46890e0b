using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Terminal;
using Touchmark.Streaming.Files;

namespace Touchmark.Cli.PrinterTest;

/// <summary><c>touchmark printer-test</c>: what a gateway asks of an engine, asked of this one by a printer that is registered for the test and revoked after it.</summary>
internal static class PrinterTestCommand
{
    public const string Name = "printer-test";

    public static Command Create()
    {
        var address = new Option<Uri>("--engine") { Description = "The engine's address.", Required = true, CustomParser = Arguments.EngineAddress };
        var email = new Option<string>("--email") { Description = "An account of role manufacturer or admin.", Required = true };
        var password = Arguments.PasswordFile();
        var refreshOnly = new Option<bool>("--refresh-only") { Description = "Sign-in, registration and tokens alone." };
        var decryptOnly = new Option<bool>("--decrypt-only") { Description = "Sign-in, registration, keys and decryption alone." };
        var debug = new Option<bool>("--debug") { Description = "Show each request, its status and its time." };
        var command = new Command(Name, "Test an engine as a printer meets it: registration, token, keys, and a sealed file printed dry.") { address, email, password, refreshOnly, decryptOnly, debug };
        command.SetAction((parsed, cancel) => parsed.GetValue(refreshOnly) && parsed.GetValue(decryptOnly)
            ? throw new CliFailure("--refresh-only and --decrypt-only exclude each other.", exitCode: 2)
            : new Test(parsed.GetValue(address)!, parsed.GetValue(email)!, Arguments.ReadPassword(parsed.GetValue(password)!), parsed.GetValue(debug) ? Console.Error.WriteLine : null, cancel)
                .RunAsync(tokens: !parsed.GetValue(decryptOnly), files: !parsed.GetValue(refreshOnly)));
        return command;
    }

    private sealed class Test(Uri engine, string email, string password, Action<string>? trace, CancellationToken cancel)
    {
        private readonly Checklist checks = new();

        public async Task<int> RunAsync(bool tokens, bool files)
        {
            using var nobody = new EngineClient(engine, token: null, trace);
            EngineClient? person = null;
            TestPrinter? printer = null;
            try
            {
                await checks.CheckAsync("sign-in", async () =>
                {
                    var issued = await nobody.PostAsync("/api/tokens", new { Email = email, Password = password }, cancel);
                    person = new EngineClient(engine, Screen.Text(issued, "token"), trace);
                    return $"{email} as {Screen.Text(await person.GetAsync("/api/me", cancel), "role")}";
                });
                await checks.CheckAsync("registration", async () =>
                {
                    (printer, var answer) = await TestPrinter.RegisterAsync(nobody, email, password, cancel);
                    printer.Take(PrinterToken.Of(answer, "printer_token", "printer_token_expires_at"));
                    return $"printer {printer.Id}, token until {Day(printer)}";
                });
                if (tokens)
                {
                    await checks.CheckAsync("token refresh", () => RefreshAsync(printer!, person!));
                    await checks.CheckAsync("token by device", async () =>
                    {
                        printer!.Take(await printer.ProveAsync(nobody, cancel));
                        return "the device key alone gets one";
                    });
                }

                if (files)
                {
                    await FilesAsync(printer, dryRun: tokens);
                }
            }
            finally
            {
                await TidyUpAsync(person, printer);
            }

            return checks.Passed ? 0 : 1;
        }

        private async Task<string> RefreshAsync(TestPrinter printer, EngineClient person)
        {
            using (var client = As(printer))
            {
                var fresh = PrinterToken.Of(await client.PostAsync("/api/refresh-printer-token", body: null, cancel));
                if (fresh.Text == printer.Token!.Text)
                {
                    throw new CliFailure("the engine answered the old token.");
                }

                printer.Take(fresh);
            }

            using var refreshed = As(printer);
            await refreshed.GetAsync("/api/printer-keys", cancel);
            await MustRefuseAsync("TOKEN_NOT_A_PRINTERS", () => person.PostAsync("/api/refresh-printer-token", body: null, cancel));
            await MustRefuseAsync("TOKEN_NOT_A_PERSONS", () => refreshed.GetAsync("/api/me", cancel));
            return $"until {Day(printer)}; a person's token is refused, and the printer's at a person's address";
        }

        private async Task FilesAsync(TestPrinter? printer, bool dryRun)
        {
            EngineClient? client = null;
            Psek? psek = null;
            EngineFile? file = null;
            try
            {
                await checks.CheckAsync("keys", async () =>
                {
                    client = As(printer!);
                    var keys = await client.GetAsync("/api/printer-keys", cancel);
                    foreach (var key in keys.EnumerateArray())
                    {
                        psek?.Dispose();
                        psek = printer!.Open(key);
                    }

                    return psek is null ? throw new CliFailure("the engine lists no key.") : $"{psek.KeyId} opens with the device key";
                });
                await checks.CheckAsync("round trip", () => RoundTrip.SealedAsync(psek!, cancel));
                await checks.CheckAsync("sealed file", async () =>
                {
                    file = await EngineFile.SliceAsync(client!, cancel);
                    return file.Header.CheckPrinter(printer!.Id) is { } refusal ? throw new CliFailure(refusal.Text)
                        : file.Header.ContentKey is not null ? throw new CliFailure("the file holds its own key, so that the engine has no say in its prints.")
                        : $"{file.Header.Name}, {file.Header.ToolpathBytes} bytes of toolpath";
                });
                await checks.CheckAsync("key unwrap", async () =>
                {
                    await file!.UnwrapAsync(client!, psek!, cancel);
                    var unknown = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
                    await MustRefuseAsync("FILE_UNKNOWN", () => client!.PostAsync("/api/printer-keys/unwrap", new { FileId = unknown, PrintId = unknown }, cancel));
                    return "released for this print; a file that this engine did not seal is refused";
                });
                await checks.CheckAsync(dryRun ? "dry-run print" : "decryption", async () =>
                {
                    var report = await file!.DryRunAsync(client!, cancel);
                    return string.Create(CultureInfo.InvariantCulture, $"{report.Lines} lines in {report.Segments} segments, {report.MotionSeconds / 60:0.0} min of motion within the machine's limits, as the header's hash says");
                });
            }
            finally
            {
                file?.Dispose();
                psek?.Dispose();
                client?.Dispose();
            }
        }

        /// <summary>The test's printer is revoked, its sign-in too. Of its slice the engine keeps what it keeps of each.</summary>
        private async Task TidyUpAsync(EngineClient? person, TestPrinter? printer)
        {
            if (person is not null && printer is not null)
            {
                await checks.CheckAsync("tidying up", async () =>
                {
                    await person.PostAsync($"/api/printers/{printer.Id}/revoke", body: null, CancellationToken.None);
                    if (printer.Token is not null)
                    {
                        using var revoked = As(printer);
                        await MustRefuseAsync("PRINTER_REVOKED", () => revoked.GetAsync("/api/printer-keys", CancellationToken.None));
                    }

                    await person.DeleteAsync("/api/tokens/current", CancellationToken.None);
                    return "the printer is revoked, and nothing opens for it any more";
                }, always: true);
            }

            person?.Dispose();
            printer?.Dispose();
        }

        private EngineClient As(TestPrinter printer) => new(engine, printer.Token!.Text, trace);

        private static string Day(TestPrinter printer) => printer.Token!.ExpiresAt.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        private static async Task MustRefuseAsync(string code, Func<Task<JsonElement>> ask)
        {
            try
            {
                await ask();
            }
            catch (CliFailure refused) when (refused.Message.Contains($"({code})", StringComparison.Ordinal))
            {
                return;
            }

            throw new CliFailure($"the engine did what it should have refused as {code}.");
        }
    }
}
