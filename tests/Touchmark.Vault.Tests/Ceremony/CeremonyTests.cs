using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Verification;
using Touchmark.Vault.Ceremony;
using Touchmark.Vault.Tests.Hsm;
using Touchmark.Vault.Tests.Officers;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Ceremony;

public sealed class CeremonyTests : IDisposable
{
    private readonly CeremonyRoom _room = new();

    public void Dispose() => _room.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Vault_is_enrolled_in_a_real_token_and_its_manifest_holds_certificate_appointments_and_both_signatures_of_the_record(bool tpm)
    {
        using var bench = new TokenBench(tpm);
        using var hsm = bench.Open();
        using var room = new CeremonyRoom(hsm);
        var answers = room.At("answers");
        await File.WriteAllLinesAsync(answers, ["# For a trial.", .. room.Answers.Select(answer => $"{answer.Key} = {answer.Value}")]);
        hsm.Dispose();
        string[] options = ["--data", room.Data, "--module", bench.Options.Module!, "--token", bench.Options.TokenLabel!, "--pin-file", bench.Options.PinFile!, "--answers", answers,
            .. bench.Options.TpmCounter is { } counter ? new[] { "--tpm-counter", counter } : []];
        void Replace(IServiceCollection services) => services.AddSingleton<TimeProvider>(room.Time).AddLogging(logging => logging.ClearProviders());
        Assert.Equal(0, await CeremonyCommand.RunAsync(["request", .. options], Replace));
        Assert.Equal("OK", await VerifyAsync(Path.Combine(room.Data, "ceremony", "request.csr")));
        Assert.Equal(1, await CeremonyCommand.RunAsync(["complete", .. options], Replace));
        room.Certify();
        Assert.Equal(0, await CeremonyCommand.RunAsync(["complete", .. options], Replace));
        using var again = bench.Open();
        room.Hsm = again;

        var (entries, refused) = await room.LookAsync();
        Assert.Null(refused);
        Assert.Equal(
            [VaultCertificate.ContentType, OfficerAppointment.ContentType, OfficerAppointment.ContentType, CeremonyRecord.ContentType, CeremonyRecord.ContentType], entries.Select(entry => entry.Statement.ContentType));
        Assert.Equal(entries[3].Statement.Payload.ToArray(), entries[4].Statement.Payload.ToArray());
        foreach (var (entry, person) in new[] { (entries[3], room.Alice), (entries[4], room.Bob) })
        {
            var verdict = StatementVerifier.Verify<CeremonyRecord>(entry.ToPart(), new TrustStore(person.Keys.TrustedFrom(DateTimeOffset.UnixEpoch)), room.Time.GetUtcNow(), out var record);
            Assert.True(verdict.IsValid);
            Assert.Equal((CeremonyKind.Enrol, "Hall 3", room.Pin, bench.Options.TokenLabel), (record!.Kind, record.Place, record.RootPin, again.Token!.Label));
            Assert.Equal(entries[0].Sha256, record.CertificateSha256.ToArray());
        }

        await room.StateAsync();
        Assert.False(Directory.Exists(Path.Combine(room.Data, "ceremony")));
    }

    [Fact]
    public async Task Ceremony_that_is_cut_off_between_any_two_steps_goes_on_with_the_next()
    {
        var cuts = await CountAsync("request") + await CountAsync("complete", enrol: true);
        for (var cut = 0; cut < cuts; cut++)
        {
            using var room = new CeremonyRoom();
            var left = cut;
            await UntilDoneAsync(room, "request", () => left-- == 0);
            room.Certify();
            await UntilDoneAsync(room, "complete", () => left-- == 0);
            var (entries, refused) = await room.LookAsync();
            Assert.True(refused is null && entries.Count == 5, $"cut {cut}: {refused}, {entries.Count} entries");
            Assert.Single(((GenerationHsm)room.Hsm).Generations);
        }
    }

    [Fact]
    public async Task New_keys_follow_the_old_ones_in_one_manifest_and_the_old_ones_are_destroyed()
    {
        await _room.EnrolAsync();
        await _room.StateAsync();
        var before = _room.Hsm.Keys!.Primary.Signer.PublicKey.ToArray();
        _room.Time.Advance(TimeSpan.FromDays(300));
        await _room.HoldAsync("rekey");
        Assert.Null((await _room.LookAsync()).Refused);
        _room.Certify();
        await _room.HoldAsync("complete");
        await _room.StateAsync();

        var (entries, refused) = await _room.LookAsync();
        Assert.Null(refused);
        var certificates = entries.Where(entry => entry.Statement.ContentType == VaultCertificate.ContentType).ToList();
        Assert.Equal(2, certificates.Count);
        Assert.Equal(certificates[0].Sha256, certificates[1].Read<VaultCertificate>()!.Replaces!.Value.ToArray());
        Assert.Equal(4, entries.Count(entry => entry.Statement.ContentType == CeremonyRecord.ContentType));
        Assert.NotEqual(before, _room.Hsm.Keys.Primary.Signer.PublicKey.ToArray());
        Assert.Single(((GenerationHsm)_room.Hsm).Generations);
    }

    [Fact]
    public async Task Re_keying_that_is_cut_off_between_any_two_steps_goes_on_with_the_next()
    {
        for (var cut = 0; ; cut++)
        {
            using var room = new CeremonyRoom();
            await room.EnrolAsync();
            room.Time.Advance(TimeSpan.FromDays(1));
            var left = cut;
            await UntilDoneAsync(room, "rekey", () => left-- == 0);
            room.Certify();
            await UntilDoneAsync(room, "complete", () => left-- == 0);
            var (entries, refused) = await room.LookAsync();
            Assert.True(refused is null && entries.Count(entry => entry.Statement.ContentType == VaultCertificate.ContentType) == 2, $"cut {cut}: {refused}");
            Assert.Single(((GenerationHsm)room.Hsm).Generations);
            if (left >= 0)
            {
                break;
            }
        }
    }

    [Fact]
    public async Task Vault_that_is_decommissioned_ends_its_manifest_with_the_revocation_and_signs_nothing_any_more()
    {
        await _room.EnrolAsync();
        var revocation = _room.Revoke();
        await _room.HoldAsync("decommission");
        var (entries, refused) = await _room.LookAsync();
        Assert.Equal(revocation.Sha256, entries[^1].Sha256);
        Assert.Equal("HSM_NOT_READY", refused);
        Assert.Empty(((GenerationHsm)_room.Hsm).Generations);
        Assert.Equal(CeremonyKind.Decommission, entries[^2].Read<CeremonyRecord>()!.Kind);
    }

    [Fact]
    public async Task Decommissioning_that_is_cut_off_between_any_two_steps_goes_on_with_the_next()
    {
        for (var cut = 0; ; cut++)
        {
            using var room = new CeremonyRoom();
            await room.EnrolAsync();
            var revocation = room.Revoke();
            var left = cut;
            await UntilDoneAsync(room, "decommission", () => left-- == 0);
            var (entries, _) = await room.LookAsync();
            Assert.True(entries[^1].Sha256.AsSpan().SequenceEqual(revocation.Sha256) && entries.Count == 8, $"cut {cut}: {entries.Count} entries");
            Assert.Empty(((GenerationHsm)room.Hsm).Generations);
            if (left >= 0)
            {
                break;
            }
        }
    }

    [Fact]
    public async Task Vault_whose_certificate_the_root_revokes_signs_nothing_any_more_even_with_its_keys()
    {
        await using var server = await VaultServer.StartAsync();
        using var caller = server.Local();
        var identity = server.Manifest.Identity!;
        var certificate = CeremonyOfficers.Whole(identity.Envelope.ToArray());
        (await caller.EnterAsync("/v3/revocations", server.Customer.Revokes(certificate, identity.Certificate.VaultId, server.Time.GetUtcNow()))).IsGood();
        (await caller.SignAsync(new { job_id = "job 1" })).IsRefused(System.Net.HttpStatusCode.ServiceUnavailable, "VAULT_REVOKED");
        await server.RestartAsync();
        (await caller.SignAsync(new { job_id = "job 1" })).IsRefused(System.Net.HttpStatusCode.ServiceUnavailable, "VAULT_REVOKED");
    }

    [Fact]
    public async Task Certificate_that_was_altered_or_is_for_another_request_or_by_another_root_is_refused()
    {
        await _room.HoldAsync("request");
        var altered = _room.Certify().Envelope.ToArray();
        altered[^1] ^= 1;
        _room.Put("certificate.cbor", altered);
        Assert.Contains("not to be believed", (await _room.RefusedAsync("complete")).Message, StringComparison.Ordinal);

        _room.Certify(certificate => certificate with { RequestSha256 = new byte[32] });
        Assert.Contains("for another request", (await _room.RefusedAsync("complete")).Message, StringComparison.Ordinal);

        _room.Certify(certificate => certificate with { Keys = certificate.Keys with { Primary = certificate.Keys.ManifestEd25519 } });
        Assert.Contains("does not say what was requested", (await _room.RefusedAsync("complete")).Message, StringComparison.Ordinal);

        _room.Certify(certificate => certificate with { Replaces = new byte[32] });
        Assert.Contains("does not say what was requested", (await _room.RefusedAsync("complete")).Message, StringComparison.Ordinal);

        _room.Put("certificate.cbor", File.ReadAllBytes(Path.Combine(_room.Data, "ceremony", "request.cbor")));
        Assert.Contains("not to be believed", (await _room.RefusedAsync("complete")).Message, StringComparison.Ordinal);

        _room.Certify();
        await _room.HoldAsync("complete");
    }

    [Fact]
    public async Task Pin_of_another_root_and_a_root_that_is_none_stop_the_ceremony()
    {
        _room.Answers["pin"] = "1W0Q-9R72-WB2F-2CMY-0F49-F6YF-8M44-P4F0-EJB0-7HPA-H29T-7YSG-XTW0-F";
        Assert.Contains("another root", (await _room.RefusedAsync("request")).Message, StringComparison.Ordinal);
        using var other = new CeremonyRoom();
        other.Answers["root"] = other.At("alice.cbor");
        Assert.Contains("not the two public keys", (await other.RefusedAsync("request")).Message, StringComparison.Ordinal);
        Assert.Empty(((GenerationHsm)_room.Hsm).Generations);
    }

    [Fact]
    public async Task Token_with_another_serial_number_gets_no_keys()
    {
        _room.Answers["serial"] = "4712";
        Assert.Contains("another serial number", (await _room.RefusedAsync("request")).Message, StringComparison.Ordinal);
        Assert.Empty(((GenerationHsm)_room.Hsm).Generations);
    }

    [Fact]
    public async Task One_person_is_not_custodian_and_witness()
    {
        _room.Put("alice.cbor", _room.Alice.AppointedBy(_room.Customer, OfficerRole.Custodian, OfficerRole.Witness).Envelope);
        _room.Answers["witness"] = _room.At("alice.cbor");
        Assert.Contains("is the custodian already", (await _room.RefusedAsync("request")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_was_not_appointed_to_it_leads_no_ceremony()
    {
        _room.Answers["custodian"] = _room.At("bob.cbor");
        Assert.Contains("was not appointed as custodian", (await _room.RefusedAsync("request")).Message, StringComparison.Ordinal);
        _room.Put("past.cbor", _room.Alice.AppointedBy(_room.Customer, _room.Time.GetUtcNow() + TimeSpan.FromDays(1), OfficerRole.Custodian).Envelope);
        _room.Answers["custodian"] = _room.At("past.cbor");
        _room.Time.Advance(TimeSpan.FromDays(1));
        Assert.Contains("not in office", (await _room.RefusedAsync("request")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Record_is_signed_by_the_keys_of_those_two_and_no_others()
    {
        await _room.HoldAsync("request");
        _room.Certify();
        _room.Answers["custodian-key"] = _room.At("bob.key");
        Assert.Contains("it is not Alice's", (await _room.RefusedAsync("complete")).Message, StringComparison.Ordinal);
        _room.Answers["custodian-key"] = _room.At("alice.key");
        _room.Answers["witness-key"] = _room.At("alice.key");
        Assert.Contains("it is not Bob's", (await _room.RefusedAsync("complete")).Message, StringComparison.Ordinal);
        _room.Answers["witness-key"] = _room.At("root.json");
        Assert.Contains("cannot be used", (await _room.RefusedAsync("complete")).Message, StringComparison.Ordinal);
        _room.Answers["witness-key"] = _room.At("bob.key");
        await _room.HoldAsync("complete");
    }

    [Fact]
    public async Task Vault_is_not_decommissioned_by_the_revocation_of_something_else()
    {
        await _room.EnrolAsync();
        _room.Put("revocation.cbor", _room.Customer.Revokes(_room.Alice.AppointedBy(_room.Customer, OfficerRole.Custodian), _room.Alice.Keys.OfficerId, _room.Time.GetUtcNow()).Envelope);
        Assert.Contains("something else", (await _room.RefusedAsync("decommission")).Message, StringComparison.Ordinal);
        _room.Revoke();
        _room.Answers["agree"] = "no";
        await _room.RefusedAsync("decommission");
        Assert.Null((await _room.LookAsync()).Refused);
    }

    [Fact]
    public async Task Ceremonies_out_of_their_order_are_refused()
    {
        await _room.RefusedAsync("complete");
        await _room.RefusedAsync("rekey");
        await _room.RefusedAsync("decommission");
        await _room.RefusedAsync("dance");
        await _room.EnrolAsync();
        Assert.Contains("has a certificate already", (await _room.RefusedAsync("request")).Message, StringComparison.Ordinal);
        await _room.HoldAsync("rekey");
        Assert.Contains("is not over", (await _room.RefusedAsync("decommission")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Person_who_mistypes_is_asked_again_and_no_colours_are_needed()
    {
        var typed = new[] { "nowhere.json", _room.At("root.json"), "1234", _room.Pin.ToLowerInvariant(), _room.At("alice.cbor"), _room.At("bob.cbor"), "Hall 3", "7", "new", "4711" };
        await _room.HoldAsync("request", typed: string.Join('\n', typed));
        Assert.Contains("A root pin has 53 characters", _room.Screen, StringComparison.Ordinal);
        Assert.Contains("touchmark keys root sign-vault", _room.Screen, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', _room.Screen);
    }

    [Fact]
    public async Task Signing_request_of_a_P256_key_is_one_for_other_programs()
    {
        using var key = P256.GenerateKey();
        var file = _room.At("p256.csr");
        await File.WriteAllTextAsync(file, CertificateSigningRequest.Create(new Es256Signer(key), Customer.Id, Guid.CreateVersion7()));
        Assert.Equal("OK", await VerifyAsync(file));
    }

    /// <summary>OpenSSL's opinion of a PKCS#10 request.</summary>
    private static async Task<string> VerifyAsync(string file)
    {
        using var process = Process.Start(new ProcessStartInfo("openssl", ["req", "-verify", "-noout", "-in", file]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true })!;
        var said = await process.StandardError.ReadToEndAsync() + await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 && said.Contains("verify OK", StringComparison.OrdinalIgnoreCase) ? "OK" : said;
    }

    private static async Task<int> CountAsync(string verb, bool enrol = false)
    {
        using var room = new CeremonyRoom();
        var count = 0;
        if (enrol)
        {
            await room.HoldAsync("request");
            room.Certify();
        }

        await room.HoldAsync(verb, _ => count++);
        return count;
    }

    /// <summary>Gives a command until it comes to its end; the power fails where the test says.</summary>
    private static async Task UntilDoneAsync(CeremonyRoom room, string verb, Func<bool> fails)
    {
        while (true)
        {
            try
            {
                await room.HoldAsync(verb, _ =>
                {
                    if (fails())
                    {
                        throw new PowerCut();
                    }
                });
                return;
            }
            catch (PowerCut)
            {
                room.Time.Advance(TimeSpan.FromMinutes(1));
            }
        }
    }

    private sealed class PowerCut : Exception;
}
