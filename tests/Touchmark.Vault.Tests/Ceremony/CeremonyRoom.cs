using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Spectre.Console;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Statements;
using Touchmark.Tests;
using Touchmark.Vault.Ceremony;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Tests.Officers;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Ceremony;

/// <summary>A room with a printer's host, its token, a custodian and a witness with their keys on sticks, and the customer's root a telephone call away.</summary>
internal sealed class CeremonyRoom : IDisposable
{
    private readonly StringWriter _screen = new();

    public CeremonyRoom(IVaultHsm? hsm = null)
    {
        Hsm = hsm ?? new GenerationHsm();
        (Alice, Bob) = (new(Time, "Alice"), new(Time, "Bob"));
        Put("root.json", Customer.Trust.ToJson());
        Put("alice.cbor", Alice.AppointedBy(Customer, OfficerRole.Custodian).Envelope);
        Put("bob.cbor", Bob.AppointedBy(Customer, OfficerRole.Witness).Envelope);
        PutKey("alice.key", Alice.Secret);
        PutKey("bob.key", Bob.Secret);
        Answers = new(StringComparer.Ordinal)
        {
            ["root"] = At("root.json"), ["pin"] = Pin, ["custodian"] = At("alice.cbor"), ["witness"] = At("bob.cbor"), ["place"] = "Hall 3", ["printer"] = "new", ["serial"] = Hsm.Token!.Serial,
            ["certificate"] = At("certificate.cbor"), ["custodian-key"] = At("alice.key"), ["witness-key"] = At("bob.key"), ["revocation"] = At("revocation.cbor"), ["agree"] = "yes",
        };
    }

    public FakeTime Time { get; } = new();

    public IVaultHsm Hsm { get; set; }

    public Customer Customer { get; } = new();

    public Person Alice { get; }

    public Person Bob { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("touchmark-ceremony-").FullName;

    public string Data => Path.Combine(Folder, "data");

    public string Pin => RootPin.Of(Customer.Trust, Issuers.OfCustomer(Customer.Id))!.ToString();

    public Dictionary<string, string> Answers { get; }

    /// <summary>What was shown.</summary>
    public string Screen => _screen.ToString();

    public string At(string name) => Path.Combine(Folder, name);

    public void Put(string name, ReadOnlyMemory<byte> content) => File.WriteAllBytes(At(name), content.ToArray());

    /// <summary>Holds a ceremony with the answers, or by what somebody types.</summary>
    public async Task HoldAsync(string verb, Action<string>? beforeWrite = null, string? typed = null)
    {
        await using var app = Create();
        await Program.PrepareAsync(app);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = new AnsiConsoleOutput(_screen) });
        await CeremonyCommand.RunAsync(verb, app.Services, new CeremonyDialog(console, new StringReader(typed ?? ""), typed is null ? Answers : null), CancellationToken.None, beforeWrite);
    }

    public async Task<CeremonyRefused> RefusedAsync(string verb) => await Assert.ThrowsAsync<CeremonyRefused>(() => HoldAsync(verb));

    /// <summary>A whole enrolment, and the root's part in it.</summary>
    public async Task EnrolAsync()
    {
        await HoldAsync("request");
        Certify();
        await HoldAsync("complete");
    }

    /// <summary>The root certifies what was requested, or something else.</summary>
    public SignedStatement Certify(Func<VaultCertificate, VaultCertificate>? change = null, Customer? by = null)
    {
        var envelope = File.ReadAllBytes(Path.Combine(Data, "ceremony", "request.cbor"));
        var request = CeremonyClosing.Read<VaultKeyRequest>(envelope);
        var certificate = new VaultCertificate
        {
            VaultId = request.VaultId, CustomerId = request.CustomerId, PrinterId = request.PrinterId, RequestSha256 = CeremonyClosing.Hash(envelope), Keys = request.Keys, Token = request.Token,
            ValidFrom = Time.GetUtcNow(), Replaces = request.Replaces,
        };
        var signed = (by ?? Customer).Root.Sign(change?.Invoke(certificate) ?? certificate, Time.GetUtcNow());
        Put("certificate.cbor", signed.Envelope);
        return signed;
    }

    /// <summary>The root revokes the vault's certificate.</summary>
    public SignedStatement Revoke()
    {
        var certificate = CeremonyOfficers.Whole(File.ReadAllBytes(Path.Combine(Data, "certificate.cbor")));
        var revocation = Customer.Revokes(certificate, CeremonyClosing.Read<VaultCertificate>(certificate.Envelope.ToArray()).VaultId, Time.GetUtcNow());
        Put("revocation.cbor", revocation.Envelope);
        return revocation;
    }

    /// <summary>The manifest's statements in their order, and whether the vault signs.</summary>
    public async Task<(IReadOnlyList<ManifestEntry> Entries, string? Refused)> LookAsync()
    {
        await using var app = Create();
        await Program.PrepareAsync(app);
        var manifest = app.Services.GetRequiredService<ManifestBook>();
        var refused = (await manifest.EnterAsync(CancellationToken.None)).Has(out var turn, out var refusal) ? null : refusal.Code;
        if (turn is not null)
        {
            await turn.DisposeAsync();
        }

        var index = app.Services.GetRequiredService<ManifestIndex>();
        var entries = new List<ManifestEntry>();
        while (await index.FindAsync(entries.Count + 1, CancellationToken.None) is { } entry)
        {
            entries.Add(entry);
        }

        return (entries, refused);
    }

    /// <summary>Enters a statement of the vault itself, as it does when it works.</summary>
    public async Task StateAsync()
    {
        await using var app = Create();
        await Program.PrepareAsync(app);
        var manifest = app.Services.GetRequiredService<ManifestBook>();
        var now = Time.GetUtcNow();
        var twin = new TwinCertificate { TwinId = Guid.CreateVersion7(now), CustomerId = Customer.Id, MadeAt = now, AsDesigned = new(new byte[32]) };
        Assert.True((await manifest.StateAsync(twin, CancellationToken.None)).Has(out _, out var refusal), refusal?.Text);
    }

    public void Dispose()
    {
        Alice.Dispose();
        Bob.Dispose();
        Customer.Dispose();
        _screen.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    public void PutKey(string name, byte[] secret)
    {
        Put(name, secret);
        File.SetUnixFileMode(At(name), UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private WebApplication Create() => Program.Create(["--data", Data], services =>
    {
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton(Hsm);
        services.AddLogging(logging => logging.ClearProviders());
    });
}
