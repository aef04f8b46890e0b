using Touchmark.Engine.Accounts;
using Touchmark.Engine.Parts;
using Touchmark.Evidence.Documents;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Custody;

/// <summary>Who has a part and what happens to it, in statements that custodians sign with keys of their own.</summary>
internal static class CustodyFeature
{
    public static void AddCustody(this IServiceCollection services)
    {
        services.AddSingleton<CustodyChains>();
        services.AddSingleton<CustodianDesk>();
        services.AddSingleton<CustodyDesk>();
    }

    public static void MapCustody(this WebApplication app)
    {
        app.MapPost("/api/parts/{id}/invitations", async (string id, NewInvitation request, Caller caller, PartRegistry parts, CustodianDesk desk, CancellationToken cancel) =>
            await OfPartAsync(id, caller, parts, part => desk.InviteAsync(part, request.Role, caller, cancel), invitation => Results.Created((string?)null, invitation), cancel))
            .For(Role.Manufacturer, Role.Operator, Role.Oem, Role.Admin).Produces<Invitation>(StatusCodes.Status201Created)
            .WithSummary("Make a one-time invitation: whoever has it becomes a custodian of this part, in this role, and remains unknown.");
        app.MapGet("/api/parts/{id}/events", async (string id, Caller? caller, PartRegistry parts, CustodyChains chains, CancellationToken cancel) =>
            await OfPartAsync(id, caller, parts, async part => (Outcome<HistoryView>)await HistoryAsync(part, chains, cancel), Results.Ok, cancel))
            .ForLookup().Produces<HistoryView>().WithSummary("The history of a part: its custodians and events, with their signed statements.");
        MapDesk(app, "/api/parts/{id}", TokenAuthentication.Api, proposals: "/events/proposal");
        app.MapCustodyPages();
    }

    /// <summary>What custodians ask for and send. The signatures count and nobody's account, so it may as well come from a page, where look-up is closed with the cookie of whoever looks.</summary>
    internal static void MapDesk(IEndpointRouteBuilder routes, string part, string scheme, string proposals)
    {
        routes.MapPost(part + "/custodians", async (string id, NewCustodian request, Caller? caller, PartRegistry parts, CustodianDesk desk, CancellationToken cancel) =>
            await OfPartAsync(id, caller, parts, part => desk.AdmitAsync(part, request.Request, request.Invitation, cancel), admitted => Results.Created((string?)null, CustodianView.Of(admitted)), cancel))
            .ForLookup(scheme).Produces<CustodianView>(StatusCodes.Status201Created)
            .WithSummary("Become a custodian of a part: with an invitation, or because it is offered to you. Needs no account.");
        routes.MapPost(part + proposals, async (string id, EventDraft draft, Caller? caller, PartRegistry parts, CustodyDesk desk, CancellationToken cancel) =>
            await OfPartAsync(id, caller, parts, part => desk.ProposeAsync(part, draft, cancel), proposal => Results.Ok(ProposalView.Of(proposal)), cancel))
            .ForLookup(scheme).Produces<ProposalView>().WithSummary("What the next event of a part has to say so that it is accepted, to be signed by its custodian; or why it would not be.");
        routes.MapPost(part + "/events", async (string id, NewEvent request, Caller? caller, PartRegistry parts, CustodyDesk desk, CancellationToken cancel) =>
            await OfPartAsync(id, caller, parts, part => desk.AppendAsync(part, request.Statement, cancel), entered => Results.Created((string?)null, EventView.Of(entered)), cancel))
            .ForLookup(scheme).Produces<EventView>(StatusCodes.Status201Created).WithSummary("Add an event that a custodian signed. Needs no account: the signatures count.");
    }

    private static async Task<IResult> OfPartAsync<T>(string id, Caller? caller, PartRegistry parts, Func<Part, Task<Outcome<T>>> ask, Func<T, IResult> answer, CancellationToken cancel) =>
        (await parts.LookUpAsync(id, caller, cancel)).Has(out var part, out var refusal) ? (await ask(part)).ToResult(answer) : refusal;

    private static async Task<HistoryView> HistoryAsync(Part part, CustodyChains chains, CancellationToken cancel)
    {
        var custodians = (await chains.CustodiansAsync(part.Id, cancel)).Select(CustodianView.Of).ToList();
        return new(PartView.Of(part), custodians.Find(custodian => custodian.Pseudonym == part.Holder), custodians, [.. (await chains.EventsAsync(part.Id, cancel)).Select(EventView.Of)]);
    }
}

internal sealed record NewInvitation(CustodianRole Role);

/// <param name="Request">The envelope of the admission that is asked for, signed by the keys that it names.</param>
/// <param name="Invitation">Not needed by whom the part is offered to.</param>
internal sealed record NewCustodian(byte[] Request, string? Invitation = null);

/// <param name="Statement">The envelope.</param>
internal sealed record NewEvent(byte[] Statement);

internal sealed record CustodianView(string Pseudonym, CustodianRole Role, string Region, DateTimeOffset AdmittedAt, IReadOnlyList<string> SealedTo, string Sha256, byte[] Statement)
{
    public static CustodianView Of(ChainLink<CustodianAdmission> admitted)
    {
        var said = admitted.Document;
        return new(said.Pseudonym, said.Role, said.Region, said.AdmittedAt, [.. said.SealedIdentity.Select(identity => Convert.ToHexStringLower(identity.Regulator.Span))],
            Convert.ToHexStringLower(admitted.Sha256), admitted.Envelope);
    }
}

internal sealed record EventView(
    Guid EventId, long Number, CustodyEventKind Kind, DateTimeOffset At, string Custodian, string? To, string? Into, InspectionOutcome? Outcome, string? Recall, string? Reason, string? Note,
    string Sha256, byte[] Statement)
{
    public static EventView Of(ChainLink<CustodyEvent> entered)
    {
        var said = entered.Document;
        return new(said.EventId, said.Number, said.Kind, said.At, said.Custodian, said.To, said.Into, said.Outcome, said.Recall is { } recall ? Convert.ToHexStringLower(recall.Span) : null,
            said.Reason, said.Note, Convert.ToHexStringLower(entered.Sha256), entered.Envelope);
    }
}

/// <summary>The fields of an event that is to be signed; <c>previous</c> in hexadecimal.</summary>
internal sealed record ProposalView(Guid EventId, string PartId, long Number, CustodyEventKind Kind, DateTimeOffset At, string Previous, string Custodian)
{
    public static ProposalView Of(CustodyEvent proposal) => new(
        proposal.EventId, proposal.PartId.Value, proposal.Number, proposal.Kind, proposal.At, Convert.ToHexStringLower(proposal.Previous.Span), proposal.Custodian);
}

/// <param name="Part">Where it leads.</param>
/// <param name="Holder">Who has it; absent when nobody is known to.</param>
/// <param name="Custodians">All that were admitted.</param>
/// <param name="Events">From the first to the last.</param>
internal sealed record HistoryView(PartView Part, CustodianView? Holder, IReadOnlyList<CustodianView> Custodians, IReadOnlyList<EventView> Events);
