using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Tests;

public sealed class RootTests : IDisposable
{
    private const string Customer = "acme.example";

    private readonly CommandLine _touchmark = new();

    public void Dispose() => _touchmark.Dispose();

    [Fact]
    public async Task Root_is_handed_out_one_share_at_a_time_kept_nowhere_and_put_together_from_as_many_as_it_needs()
    {
        var paper = new Paper();
        var made = await NewAsync("root.json", paper, "--threshold", "2", "--shares", "3");
        Assert.Equal(3, paper.Shares.Count);
        Assert.All(paper.Shares, share => Assert.Equal(33, share.Split(' ').Length));
        Assert.Equal(["root.json"], Directory.GetFiles(_touchmark.Home).Select(Path.GetFileName));

        Assert.True(RootPin.TryParse(made.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1], out var pin, out _), made.Output);
        var recovered = await TypeAsync([paper.Shares[2], paper.Shares[0]], "keys", "root", "recover", "--root", At("root.json"));
        Assert.True(recovered.ExitCode == 0, recovered.Errors);
        Assert.EndsWith($"{pin}\n", recovered.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Share_that_was_written_down_wrongly_is_asked_for_again()
    {
        var paper = new Paper();
        var wrong = true;
        var made = await _touchmark.AnswerAsync(line =>
        {
            var right = paper.Answer(line);
            var typed = right is not null && wrong ? "acid acid acid" : right;
            wrong &= right is null;
            return typed;
        }, "keys", "root", "new", "--customer", Customer, "--threshold", "2", "--shares", "2", "--out", At("root.json"));
        Assert.True(made.ExitCode == 0, made.Errors);
        Assert.Contains("That is not what stands above.", made.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Root_is_not_made_when_its_shares_were_not_confirmed()
    {
        var outcome = await _touchmark.RunAsync("keys", "root", "new", "--customer", Customer, "--out", At("root.json"), "--keep", At("root.secret"));
        Assert.Equal(2, outcome.ExitCode);
        Assert.Empty(Directory.GetFiles(_touchmark.Home));
    }

    [Fact]
    public async Task Wrong_mixed_and_repeated_shares_are_told_apart_and_asked_for_again()
    {
        var (paper, other) = (new Paper(), new Paper());
        await NewAsync("root.json", paper, "--threshold", "2", "--shares", "2");
        await NewAsync("other.json", other, "--threshold", "2", "--shares", "2");
        var first = paper.Shares[0];
        var recovered = await TypeAsync([first[..first.LastIndexOf(' ')], first, first, other.Shares[1], "no words at all", paper.Shares[1]], "keys", "root", "recover", "--root", At("root.json"));
        Assert.True(recovered.ExitCode == 0, recovered.Errors);
        foreach (var code in new[] { "SHARE_LENGTH", "SHARE_TWICE", "SHARES_MIXED", "SHARE_WORD" })
        {
            Assert.Contains($"[{code}]", recovered.Output, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(first.Split(' ')[10], recovered.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_few_shares_make_no_root()
    {
        var paper = new Paper();
        await NewAsync("root.json", paper, "--threshold", "3", "--shares", "5");
        var outcome = await TypeAsync([.. paper.Shares.Take(2)], "keys", "root", "recover", "--root", At("root.json"), "--keep", At("root.secret"));
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("ended before all shares were there", outcome.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(At("root.secret")));
    }

    [Fact]
    public async Task Shares_of_another_root_are_refused_with_both_pins()
    {
        var paper = new Paper();
        await KeptAsync();
        await NewAsync("other.json", paper, "--threshold", "2", "--shares", "2");
        var outcome = await TypeAsync(paper.Shares, "keys", "root", "recover", "--root", At("root.json"));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(RootPin.Of(Trust("other.json"), $"customer/{Customer}")!.ToString(), outcome.Errors, StringComparison.Ordinal);
        Assert.Contains(RootPin.Of(Trust("root.json"), $"customer/{Customer}")!.ToString(), outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_shares_of_a_kept_root_are_those_of_the_same_root()
    {
        var paper = new Paper();
        await KeptAsync();
        var shared = await _touchmark.AnswerAsync(paper.Answer, "keys", "root", "recover", "--root", At("root.json"), "--secret", At("root.secret"), "--reshare", "--threshold", "2", "--shares", "2");
        Assert.True(shared.ExitCode == 0, shared.Errors);
        Assert.Equal(0, (await TypeAsync(paper.Shares, "keys", "root", "recover", "--root", At("root.json"))).ExitCode);
    }

    [Fact]
    public async Task Kept_root_is_its_owners_alone_and_refused_when_others_can_read_it()
    {
        await KeptAsync();
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(At("root.secret")));
        File.SetUnixFileMode(At("root.secret"), UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Equal(2, (await _touchmark.RunAsync("keys", "root", "recover", "--root", At("root.json"), "--secret", At("root.secret"))).ExitCode);
    }

    [Theory]
    [InlineData("Acme")]
    [InlineData("acme/x")]
    [InlineData("")]
    public async Task Customer_that_cannot_be_named_gets_no_root(string customer) =>
        Assert.NotEqual(0, (await _touchmark.RunAsync("keys", "root", "new", "--customer", customer, "--out", At("root.json"), "--keep", At("root.secret"), "--without-shares")).ExitCode);

    [Theory]
    [InlineData("1", "3")]
    [InlineData("4", "3")]
    [InlineData("2", "17")]
    public async Task Policies_that_leave_the_root_to_one_person_or_to_nobody_are_refused(string threshold, string shares) =>
        Assert.Equal(2, (await _touchmark.RunAsync("keys", "root", "new", "--customer", Customer, "--out", At("root.json"), "--threshold", threshold, "--shares", shares)).ExitCode);

    [Fact]
    public async Task Pin_on_paper_is_compared_with_the_file()
    {
        await KeptAsync();
        var pin = (await _touchmark.RunAsync("keys", "root", "pin", At("root.json"))).Output.Trim();
        Assert.Equal(0, (await _touchmark.RunAsync("keys", "root", "pin", At("root.json"), "--expect", pin.ToLowerInvariant().Replace('-', ' '))).ExitCode);
        Assert.Equal(2, (await _touchmark.RunAsync("keys", "root", "pin", At("root.json"), "--expect", pin[1..])).ExitCode);
        await NewAsync("other.json", new Paper(), "--threshold", "2", "--shares", "2");
        Assert.Equal(1, (await _touchmark.RunAsync("keys", "root", "pin", At("other.json"), "--expect", pin)).ExitCode);
    }

    [Fact]
    public async Task Officer_is_appointed_by_the_root_and_dismissed_again()
    {
        await KeptAsync();
        var appointment = await AppointAsync("alice", "custodian", "firmware");
        Assert.Equal([OfficerRole.Custodian, OfficerRole.Firmware], appointment.Roles);
        Assert.Equal("alice", appointment.Name);

        var revoked = await SignAsync("revoke", At("alice.appointment"), "--reason", "lost", "--out", At("alice.revocation"));
        Assert.True(revoked.ExitCode == 0, revoked.Errors);
        Assert.Equal(appointment.OfficerId, Read<KeyRevocation>("alice.revocation").Holder);
    }

    [Fact]
    public async Task Nothing_is_signed_before_a_person_says_yes()
    {
        await KeptAsync();
        await _touchmark.RunAsync("keys", "officer", "new", "--key", At("bob.key"), "--out", At("bob.json"));
        string[] appoint = ["keys", "root", "appoint", At("bob.json"), "--name", "Bob", "--role", "witness", "--root", At("root.json"), "--secret", At("root.secret"), "--out", At("bob.appointment")];
        Assert.Equal(1, (await _touchmark.AnswerAsync(line => line.StartsWith("Is all of that right?", StringComparison.Ordinal) ? "no" : null, appoint)).ExitCode);
        Assert.False(File.Exists(At("bob.appointment")));
        Assert.Equal(0, (await _touchmark.AnswerAsync(line => line.StartsWith("Is all of that right?", StringComparison.Ordinal) ? "yes" : null, appoint)).ExitCode);
    }

    [Fact]
    public async Task Statement_of_another_root_cannot_be_taken_back()
    {
        await KeptAsync();
        await AppointAsync("alice", "custodian");
        await _touchmark.RunAsync("keys", "root", "new", "--customer", Customer, "--out", At("other.json"), "--keep", At("other.secret"), "--without-shares");
        var outcome = await _touchmark.RunAsync("keys", "root", "revoke", At("alice.appointment"), "--reason", "lost", "--out", At("r"), "--yes", "--root", At("other.json"), "--secret", At("other.secret"));
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains("is not to be believed", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Firmware_is_approved_by_an_officer_who_was_appointed_for_it_and_by_nobody_else()
    {
        await KeptAsync();
        var alice = await AppointAsync("alice", "firmware");
        await AppointAsync("bob", "witness");
        var image = _touchmark.Write("klipper.bin", [1, 2, 3]);
        var approved = await ApproveAsync("alice", "alice", image);
        Assert.True(approved.ExitCode == 0, approved.Errors);
        var approval = Read<FirmwareApproval>("alice.approval");
        Assert.Equal("039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81", Convert.ToHexStringLower(approval.ImageSha256.Span));
        Assert.Equal(alice.CustomerId, approval.CustomerId);

        Assert.Contains("was not appointed as a firmware officer", (await ApproveAsync("bob", "bob", image)).Errors, StringComparison.Ordinal);
        Assert.Contains("another officer's", (await ApproveAsync("bob", "alice", image)).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vault_is_certified_by_what_it_asked_for()
    {
        await KeptAsync();
        var sha256 = Request("request", Customer);
        var signed = await SignAsync("sign-vault", At("request"), "--out", At("certificate"));
        Assert.True(signed.ExitCode == 0, signed.Errors);
        var certificate = Read<VaultCertificate>("certificate");
        Assert.Equal(sha256, certificate.RequestSha256.ToArray());
        Assert.Contains("held by token", signed.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Vault_whose_request_was_altered_or_is_another_customers_is_not_certified()
    {
        await KeptAsync();
        Request("request", Customer);
        var altered = File.ReadAllBytes(At("request"));
        altered[^1] ^= 1;
        _touchmark.Write("altered", altered);
        Assert.Contains("is not to be believed", (await SignAsync("sign-vault", At("altered"), "--out", At("c"))).Errors, StringComparison.Ordinal);
        Request("foreign", "other.example");
        Assert.Contains("is of a vault of other.example", (await SignAsync("sign-vault", At("foreign"), "--out", At("c"))).Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(At("c")));
    }

    /// <summary>Writes a vault's request and returns its hash.</summary>
    private byte[] Request(string file, string customer)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var keys = PairedKeys.Derive(new byte[PairedKeys.SeedSize], "test", "vault");
        var vault = Guid.CreateVersion7(now);
        VaultKey primary = new(SignatureAlgorithm.Ed25519, keys.Ed25519Key, KeyCustody.Token), shadow = new(SignatureAlgorithm.MlDsa65, keys.MlDsa65Key, KeyCustody.Software);
        var request = keys.SignerFor(Issuers.OfVault(vault)).Sign(new VaultKeyRequest
        {
            VaultId = vault, CustomerId = customer, PrinterId = vault, Keys = new(primary, shadow, primary, shadow), Token = new("SoftHSM", "v2", "1", "softhsm2"), RequestedAt = now,
        }, now);
        _touchmark.Write(file, request.Envelope.ToArray());
        return request.Sha256;
    }

    private string At(string name) => Path.Combine(_touchmark.Home, name);

    private TrustStore Trust(string name) => TrustStore.TryParse(File.ReadAllBytes(At(name)), out var trust, out var problem) ? trust : throw new InvalidOperationException(problem);

    private T Read<T>(string name)
        where T : class, Evidence.Documents.IDocument<T>
    {
        var verdict = StatementVerifier.Verify<T>(new(File.ReadAllBytes(At(name)), null), Believed(name), TimeProvider.System.GetUtcNow(), out var document);
        return document ?? throw new InvalidOperationException(string.Join('\n', verdict.Checks));
    }

    /// <summary>Approvals are signed by officers, all else by the root.</summary>
    private TrustStore Believed(string name) => name.EndsWith(".approval", StringComparison.Ordinal) ? Trust(name[..^".approval".Length] + ".json") : Trust("root.json");

    private async Task<Outcome> NewAsync(string file, Paper paper, params string[] policy)
    {
        var made = await _touchmark.AnswerAsync(paper.Answer, ["keys", "root", "new", "--customer", Customer, "--out", At(file), .. policy]);
        Assert.True(made.ExitCode == 0, made.Errors);
        return made;
    }

    private async Task KeptAsync()
    {
        var kept = await _touchmark.RunAsync("keys", "root", "new", "--customer", Customer, "--out", At("root.json"), "--keep", At("root.secret"), "--without-shares");
        Assert.True(kept.ExitCode == 0, kept.Errors);
    }

    private Task<Outcome> TypeAsync(IReadOnlyList<string> lines, params string[] arguments)
    {
        var next = 0;
        return _touchmark.AnswerAsync(
            line => !line.Contains("Type the words", StringComparison.Ordinal) && !line.EndsWith("Once more:", StringComparison.Ordinal) ? null : next < lines.Count ? lines[next++] : "", arguments);
    }

    private Task<Outcome> SignAsync(string command, params string[] arguments) =>
        _touchmark.RunAsync(["keys", "root", command, .. arguments, "--yes", "--root", At("root.json"), "--secret", At("root.secret")]);

    private async Task<OfficerAppointment> AppointAsync(string name, params string[] roles)
    {
        await _touchmark.RunAsync("keys", "officer", "new", "--key", At($"{name}.key"), "--out", At($"{name}.json"));
        var appointed = await SignAsync("appoint", [At($"{name}.json"), "--name", name, .. roles.SelectMany(role => new[] { "--role", role }), "--out", At($"{name}.appointment")]);
        Assert.True(appointed.ExitCode == 0, appointed.Errors);
        return Read<OfficerAppointment>($"{name}.appointment");
    }

    private Task<Outcome> ApproveAsync(string key, string appointment, string image) => _touchmark.RunAsync(
        "keys", "officer", "approve-firmware", image, "--key", At($"{key}.key"), "--appointment", At($"{appointment}.appointment"), "--name", "Klipper", "--firmware-version", "v0.13", "--out", At($"{key}.approval"));
}
