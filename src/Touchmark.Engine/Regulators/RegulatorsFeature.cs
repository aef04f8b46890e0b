using Touchmark.Engine.Accounts;
using Touchmark.Engine.Parts;
using Touchmark.Evidence.Parts;
using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Regulators;

/// <summary>Legal identities of custodians, which only regulators can open.</summary>
internal static class RegulatorsFeature
{
    public static void AddRegulators(this IServiceCollection services)
    {
        services.AddSingleton<RegulatorBook>();
        services.AddSingleton<RevealDesk>();
    }

    public static void MapRegulators(this WebApplication app)
    {
        app.MapRegulatorPages();
        app.MapGet("/api/regulators", (RegulatorBook book, CancellationToken cancel) => book.ListAsync(cancel)).ForLookup()
            .WithSummary("List the regulators to whose certificates custodians may seal their legal identity.");
        app.MapGet("/api/regulators/roots", (RegulatorBook book, CancellationToken cancel) => book.ListRootsAsync(cancel)).ForLookup()
            .WithSummary("List the authorities whose regulators are believed.");
        app.MapPost("/api/regulators/roots", async (NewCertificate request, Caller caller, RegulatorBook book, CancellationToken cancel) =>
            (await book.AddRootAsync(request.Certificate, caller, cancel)).ToResult(added => Results.Created((string?)null, added))).For(Role.Admin).Produces<RegulatorView>(StatusCodes.Status201Created)
            .WithSummary("Believe an authority: its certificate in PEM.");
        app.MapPost("/api/regulators", async (NewCertificate request, Caller caller, RegulatorBook book, CancellationToken cancel) =>
            (await book.AddAsync(request.Certificate, caller, cancel)).ToResult(added => Results.Created((string?)null, added))).For(Role.Admin).Produces<RegulatorView>(StatusCodes.Status201Created)
            .WithSummary("Let custodians seal their identity to a regulator: its certificate in PEM, with a P-256 key, issued by one of the authorities.");
        app.MapDelete("/api/regulators/roots/{id}", async (string id, Caller caller, RegulatorBook book, CancellationToken cancel) =>
            (await book.RemoveRootAsync(id, caller, cancel)).ToResult(_ => Results.NoContent())).For(Role.Admin).Produces(StatusCodes.Status204NoContent)
            .WithSummary("Believe an authority no more, nor the regulators that it has named.");
        app.MapDelete("/api/regulators/{id}", async (string id, Caller caller, RegulatorBook book, CancellationToken cancel) =>
            (await book.RemoveAsync(id, caller, cancel)).ToResult(_ => Results.NoContent())).For(Role.Admin).Produces(StatusCodes.Status204NoContent)
            .WithSummary("Hand nothing out to a regulator any more.");
        app.MapPost("/api/regulators/challenges", (RevealDesk desk) => desk.Challenge()).Produces<RevealChallenge>()
            .WithSummary("Get something to sign with the key of a regulator's certificate.");
        app.MapPost("/api/parts/{id}/custodians/{pseudonym}/identity", RevealAsync).Produces<RevealedIdentity>()
            .WithSummary("For a regulator, who proves to be it with its certificate: a custodian's sealed identity. Each time is written down, with the reason.");
    }

    // The certificate is what lets a regulator in, also where look-up is closed; nobody else learns whether there is such a part.
    private static async Task<IResult> RevealAsync(string id, string pseudonym, RevealRequest request, RevealDesk desk, CancellationToken cancel) =>
        PartId.TryParse(id, out var part, out var problem) ? (await desk.RevealAsync(part, pseudonym, request, cancel)).ToResult(Results.Ok)
            : new Refusal(StatusCodes.Status404NotFound, problem.Code, problem.Text, "Type the id as it stands on the label: 16 characters.");
}

/// <param name="Certificate">PEM.</param>
internal sealed record NewCertificate(string Certificate);
