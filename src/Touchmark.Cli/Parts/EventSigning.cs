using System.Text.Json;
using Touchmark.Cli.Engine;
using Touchmark.Cli.Keys;
using Touchmark.Cli.Terminal;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Parts;
using Touchmark.Evidence.Verification;

namespace Touchmark.Cli.Parts;

/// <summary>What a custodian wants to say of a part.</summary>
internal sealed record EventWords(CustodyEventKind Kind)
{
    public string? To { get; init; }

    public string? Into { get; init; }

    public InspectionOutcome? Outcome { get; init; }

    public string? Reason { get; init; }

    public string? Note { get; init; }
}

/// <summary>Signs events on this computer. The engine proposes number, time and predecessor; before anything is signed the part's whole history is verified here, and has to end where the proposal goes on.</summary>
internal static class EventSigning
{
    public static async Task<JsonElement> SayAsync(EngineClient engine, PartId part, EventWords words, CancellationToken cancel)
    {
        using var keys = CustodianRoot.KeysFor(part);
        var proposal = await engine.PostAsync($"/api/parts/{part.Value}/events/proposal", new
        {
            Kind = CustodyEvent.NameOf(words.Kind),
            Custodian = keys.Pseudonym,
            words.To,
            words.Into,
            Outcome = words.Outcome?.ToString().ToLowerInvariant(),
            words.Reason,
            words.Note,
        }, cancel);
        var link = new CustodyEvent
        {
            EventId = proposal.GetProperty("event_id").GetGuid(),
            PartId = part,
            Number = proposal.GetProperty("number").GetInt64(),
            Kind = words.Kind,
            At = proposal.GetProperty("at").GetDateTimeOffset(),
            Previous = Convert.FromHexString(Screen.Text(proposal, "previous")),
            Custodian = keys.Pseudonym,
            To = words.To,
            Into = words.Into,
            Outcome = words.Outcome,
            Reason = words.Reason,
            Note = words.Note,
        };
        await CheckAsync(engine, link, cancel);
        var signed = keys.Signer.Sign(link, TimeProvider.System.GetUtcNow());
        return await engine.PostAsync($"/api/parts/{part.Value}/events", new { Statement = signed.Envelope.ToArray() }, cancel);
    }

    /// <summary>Who signs an event vouches for all before it, which its hash names: so it has to be in order.</summary>
    private static async Task CheckAsync(EngineClient engine, CustodyEvent link, CancellationToken cancel)
    {
        var file = await engine.GetBytesAsync($"/api/parts/{link.PartId.Value}/evidence", "application/cbor", cancel);
        var verdict = EvidenceVerifier.Verify(file, PinnedTrust.Load(), TimeProvider.System.GetUtcNow());
        if (!verdict.IsValid || verdict.Custody?.State is not { } state)
        {
            var failed = verdict.Verdict.Checks.FirstOrDefault(check => check.Outcome == CheckOutcome.Failed);
            throw new CliFailure($"nothing was signed: the part's history so far is not in order. {failed?.Words}", $"look at it: touchmark part evidence {link.PartId} FILE, then touchmark verify FILE");
        }

        if (link.Number != state.Number + 1 || !link.Previous.Span.SequenceEqual(state.Head.Span))
        {
            throw new CliFailure("nothing was signed: the engine proposes to go on from another event than the one that the history ends with.", "try again; if it stays so, tell the engine's operator");
        }
    }
}
