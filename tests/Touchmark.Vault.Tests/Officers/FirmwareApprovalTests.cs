using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Touchmark.Cryptography;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Statements;
using Touchmark.Vault.Firmware;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Officers;

public sealed class FirmwareApprovalTests : IAsyncLifetime
{
    private const string Officers = "/v3/officers";
    private const string Revocations = "/v3/revocations";
    private const string Path = "/v3/firmware/approvals";

    private static readonly byte[] Image = [.. Enumerable.Repeat((byte)0xAB, 32)];

    private VaultServer _server = null!;
    private Caller _caller = null!;
    private Person _alice = null!;
    private Person _bob = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await VaultServer.StartAsync();
        _caller = _server.Local();
        (_alice, _bob) = (new(_server.Time, "Alice"), new(_server.Time, "Bob"));
    }

    public async ValueTask DisposeAsync()
    {
        _alice.Dispose();
        _bob.Dispose();
        _caller.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Image_is_approved_by_two_different_officers_and_not_by_one()
    {
        await AppointBothAsync();
        Assert.Equal((FirmwareState.Unapproved, "No officer has approved the printer's firmware."), await StandingAsync());
        (await _caller.EnterAsync(Path, _alice.Approves(Image))).IsGood();
        Assert.Equal((FirmwareState.Unapproved, "The printer's firmware was approved by Alice alone; a second officer has to approve it."), await StandingAsync());
        (await _caller.EnterAsync(Path, _bob.Approves(Image))).IsGood();
        Assert.Equal((FirmwareState.Approved, null), await StandingAsync());
        Assert.Equal(2, (await _caller.GetAsync(Path)).IsGood().Body.GetArrayLength());

        await _server.RestartAsync();
        Assert.Equal((FirmwareState.Approved, null), await StandingAsync());
    }

    [Fact]
    public async Task The_same_officer_twice_is_still_one()
    {
        await AppointBothAsync();
        var first = _alice.Approves(Image);
        Assert.Equal(HttpStatusCode.Created, (await _caller.EnterAsync(Path, first)).Status);
        Assert.Equal(HttpStatusCode.OK, (await _caller.EnterAsync(Path, first)).IsGood().Status);
        (await _caller.EnterAsync(Path, _alice.Approves(Image))).IsRefused(HttpStatusCode.Conflict, "APPROVED_ALREADY");
        Assert.Equal(FirmwareState.Unapproved, (await StandingAsync()).State);
    }

    [Fact]
    public async Task One_person_cannot_be_appointed_twice_to_pass_for_two()
    {
        await AppointAsync(_alice, OfficerRole.Firmware);
        var again = _server.Customer.Root.Sign(new OfficerAppointment
        {
            OfficerId = _bob.Keys.OfficerId, CustomerId = Customer.Id, Name = "Bob", Roles = [OfficerRole.Firmware], Ed25519Key = _alice.Keys.Ed25519Key, MlDsa65Key = _bob.Keys.MlDsa65Key,
            ValidFrom = _server.Time.GetUtcNow(),
        }, _server.Time.GetUtcNow());
        (await _caller.EnterAsync(Officers, again)).IsRefused(HttpStatusCode.Conflict, "KEY_OF_ANOTHER_OFFICER");
    }

    [Fact]
    public async Task Officer_without_the_role_approves_nothing()
    {
        await AppointAsync(_alice, OfficerRole.Custodian, OfficerRole.Witness);
        (await _caller.EnterAsync(Path, _alice.Approves(Image))).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Stranger_approves_nothing() => (await _caller.EnterAsync(Path, _alice.Approves(Image))).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");

    [Fact]
    public async Task Dismissed_officer_approves_nothing_more_not_even_dated_back()
    {
        var appointment = await AppointAsync(_alice, OfficerRole.Firmware);
        var early = _alice.Approves(Image);
        _server.Time.Advance(TimeSpan.FromHours(1));
        (await _caller.EnterAsync(Revocations, _server.Customer.Revokes(appointment, _alice.Keys.OfficerId, _server.Time.GetUtcNow()))).IsGood();
        (await _caller.EnterAsync(Path, early)).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        (await _caller.EnterAsync(Path, _alice.Approves(Image))).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        Assert.False((await _caller.GetAsync(Officers)).IsGood().Body[0].GetProperty("in_office").GetBoolean());
    }

    [Fact]
    public async Task What_an_officer_approved_before_being_dismissed_stands()
    {
        await AppointAsync(_bob, OfficerRole.Firmware);
        var appointment = await AppointAsync(_alice, OfficerRole.Firmware);
        (await _caller.EnterAsync(Path, _alice.Approves(Image))).IsGood();
        (await _caller.EnterAsync(Path, _bob.Approves(Image))).IsGood();
        _server.Time.Advance(TimeSpan.FromHours(1));
        (await _caller.EnterAsync(Revocations, _server.Customer.Revokes(appointment, _alice.Keys.OfficerId, _server.Time.GetUtcNow()))).IsGood();
        Assert.Equal(FirmwareState.Approved, (await StandingAsync()).State);
    }

    [Fact]
    public async Task Approvals_after_the_time_of_a_compromise_are_worth_nothing()
    {
        await AppointBothAsync();
        var compromised = _server.Time.GetUtcNow() + TimeSpan.FromHours(1);
        _server.Time.Advance(TimeSpan.FromHours(2));
        (await _caller.EnterAsync(Path, _alice.Approves(Image))).IsGood();
        (await _caller.EnterAsync(Path, _bob.Approves(Image))).IsGood();
        Assert.Equal(FirmwareState.Approved, (await StandingAsync()).State);
        var statement = (await _caller.GetAsync(Officers)).IsGood().Body[0].GetProperty("statement").GetString()!;
        (await _caller.EnterAsync(Revocations, _server.Customer.Root.Sign(new KeyRevocation
        {
            RevocationId = Guid.CreateVersion7(compromised), CustomerId = Customer.Id, RevokedStatement = Convert.FromHexString(statement), Holder = _alice.Keys.OfficerId, RevokedAt = compromised,
            Reason = KeyRevocationReason.Compromised,
        }, _server.Time.GetUtcNow()))).IsGood();
        Assert.Equal(FirmwareState.Unapproved, (await StandingAsync()).State);
    }

    [Fact]
    public async Task Appointment_ends_when_it_was_said_to()
    {
        (await _caller.EnterAsync(Officers, _alice.AppointedBy(_server.Customer, _server.Time.GetUtcNow() + TimeSpan.FromDays(1), OfficerRole.Firmware))).IsGood();
        _server.Time.Advance(TimeSpan.FromDays(1));
        (await _caller.EnterAsync(Path, _alice.Approves(Image))).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Altered_approval_is_not_believed()
    {
        await AppointBothAsync();
        var altered = _alice.Approves(Image).Envelope.ToArray();
        altered[^1] ^= 1;
        (await _caller.EnterAsync(Path, altered)).IsRefused(HttpStatusCode.BadRequest, "STATEMENT_NOT_BELIEVED");
        (await _caller.EnterAsync(Path, [1, 2, 3])).IsRefused(HttpStatusCode.BadRequest, "NOT_A_STATEMENT");
        (await _caller.EnterAsync(Path, new byte[Statement.MaxBytes + 1])).IsRefused(HttpStatusCode.BadRequest, "NOT_A_STATEMENT");
        (await _caller.EnterAsync(Path, _alice.AppointedBy(_server.Customer, OfficerRole.Reviewer))).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
    }

    [Fact]
    public async Task Approval_for_other_printers_is_refused()
    {
        await AppointBothAsync();
        (await _caller.EnterAsync(Path, _alice.Approves(Image, Guid.CreateVersion7()))).IsRefused(HttpStatusCode.BadRequest, "OTHER_PRINTERS");
        (await _caller.EnterAsync(Path, _alice.Approves(Image, Printer))).IsGood();
    }

    [Fact]
    public async Task Appointment_by_anybody_but_the_root_is_not_believed()
    {
        using Ed25519Signer ed25519 = new(new byte[32]);
        using MlDsa65Signer mlDsa65 = new(new byte[32]);
        var forged = new StatementSigner(ed25519, mlDsa65, Issuers.OfCustomer(Customer.Id)).Sign(new OfficerAppointment
        {
            OfficerId = _alice.Keys.OfficerId, CustomerId = Customer.Id, Name = "Alice", Roles = [OfficerRole.Firmware], Ed25519Key = _alice.Keys.Ed25519Key, MlDsa65Key = _alice.Keys.MlDsa65Key,
            ValidFrom = _server.Time.GetUtcNow(),
        }, _server.Time.GetUtcNow());
        (await _caller.EnterAsync(Officers, forged)).IsRefused(HttpStatusCode.BadRequest, "STATEMENT_NOT_BELIEVED");
        (await _caller.EnterAsync(Revocations, forged)).IsRefused(HttpStatusCode.BadRequest, "STATEMENT_NOT_BELIEVED");
    }

    [Fact]
    public async Task Revocation_of_what_the_manifest_does_not_have_is_refused() => (await _caller.EnterAsync(
        Revocations, _server.Customer.Revokes(_alice.AppointedBy(_server.Customer, OfficerRole.Firmware), _alice.Keys.OfficerId, _server.Time.GetUtcNow()))).IsRefused(HttpStatusCode.BadRequest, "NOTHING_TO_REVOKE");

    [Fact]
    public async Task Caller_without_the_role_enters_nothing()
    {
        await using var server = await VaultServer.StartAsync("signer,auditor");
        using var caller = server.Local();
        foreach (var path in new[] { Officers, Revocations, Path })
        {
            (await caller.EnterAsync(path, _alice.AppointedBy(server.Customer, OfficerRole.Firmware))).IsRefused(HttpStatusCode.Forbidden, "FORBIDDEN");
        }
    }

    private Guid Printer => _server.Manifest.Identity!.Certificate.PrinterId;

    private async Task<SignedStatement> AppointAsync(Person person, params OfficerRole[] roles)
    {
        var appointment = person.AppointedBy(_server.Customer, roles);
        (await _caller.EnterAsync(Officers, appointment)).IsGood();
        return appointment;
    }

    private async Task AppointBothAsync()
    {
        await AppointAsync(_alice, OfficerRole.Firmware);
        await AppointAsync(_bob, OfficerRole.Firmware);
    }

    private async Task<(FirmwareState State, string? Reason)> StandingAsync()
    {
        var standing = await _server.Services.GetRequiredService<Approvals>().StandingAsync(Image, Printer, CancellationToken.None);
        return (standing.State, standing.Reason);
    }
}
