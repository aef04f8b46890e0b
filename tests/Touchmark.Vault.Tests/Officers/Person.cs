using System.Net.Http.Headers;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Evidence.Keys;
using Touchmark.Evidence.Statements;
using Touchmark.Tests;
using Touchmark.Vault.Tests.Server;

namespace Touchmark.Vault.Tests.Officers;

/// <summary>Somebody with keys of an officer, whom a customer may appoint.</summary>
internal sealed class Person : IDisposable
{
    private readonly FakeTime _time;

    public Person(FakeTime time, string name)
    {
        (_time, Name) = (time, name);
        Keys = OfficerKeys.Create(time.GetUtcNow(), out var secret);
        Secret = secret.Span.ToArray();
        secret.Dispose();
    }

    public string Name { get; }

    public OfficerKeys Keys { get; }

    /// <summary>What the key file holds.</summary>
    public byte[] Secret { get; }

    /// <summary>The appointment by a customer's root.</summary>
    public SignedStatement AppointedBy(Customer customer, params OfficerRole[] roles) => AppointedBy(customer, until: null, roles);

    public SignedStatement AppointedBy(Customer customer, DateTimeOffset? until, params OfficerRole[] roles) => customer.Root.Sign(new OfficerAppointment
    {
        OfficerId = Keys.OfficerId, CustomerId = Customer.Id, Name = Name, Roles = roles, Ed25519Key = Keys.Ed25519Key, MlDsa65Key = Keys.MlDsa65Key, ValidFrom = _time.GetUtcNow(), ValidUntil = until,
    }, _time.GetUtcNow());

    public SignedStatement Approves(byte[] image, params Guid[] printers) => Keys.Signer.Sign(new FirmwareApproval
    {
        ApprovalId = Guid.CreateVersion7(_time.GetUtcNow()), CustomerId = Customer.Id, ImageSha256 = image, Name = "Klipper", Version = "v0.13.0", PrinterIds = printers, ApprovedAt = _time.GetUtcNow(),
    }, _time.GetUtcNow());

    public void Dispose() => Keys.Dispose();
}

/// <summary>Statements over HTTP.</summary>
internal static class StatementCalls
{
    public static Task<Answer> EnterAsync(this Caller caller, string path, SignedStatement statement) => caller.EnterAsync(path, statement.Envelope.ToArray());

    public static Task<Answer> EnterAsync(this Caller caller, string path, byte[] envelope) =>
        caller.PostAsync(path, new ByteArrayContent(envelope) { Headers = { ContentType = new MediaTypeHeaderValue("application/cose") } });

    /// <summary>The root takes back what it has signed.</summary>
    public static SignedStatement Revokes(this Customer customer, SignedStatement revoked, Guid holder, DateTimeOffset at) => customer.Root.Sign(new KeyRevocation
    {
        RevocationId = Guid.CreateVersion7(at), CustomerId = Customer.Id, RevokedStatement = revoked.Sha256, Holder = holder, RevokedAt = at, Reason = KeyRevocationReason.Lost,
    }, at);
}
