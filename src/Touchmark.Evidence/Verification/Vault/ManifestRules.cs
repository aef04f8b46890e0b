using System.Globalization;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Log.Notes;
using Touchmark.Log.Verification;

namespace Touchmark.Evidence.Verification.Vault;

/// <summary>What a vault's manifest has to show: a checkpoint by the keys that the customer's root certified, and that it is not older than somebody lets it be.</summary>
internal static class ManifestRules
{
    /// <summary>Checks the signatures under the manifest's checkpoint.</summary>
    public static void CheckHead(Checks checks, SignedCheckpoint checkpoint, VaultCertificate certificate, DateTimeOffset now)
    {
        foreach (var check in LogVerifier.Verify(checkpoint, certificate.ManifestPolicy, now, LogExpectations.None).Checks)
        {
            // The age of a manifest is that of its newest anchor.
            if (check.Id != "log.age")
            {
                checks.Take(check);
            }
        }
    }

    /// <summary>Whether the newest anchor of the manifest is recent enough.</summary>
    /// <param name="checks">Where the check goes.</param>
    /// <param name="newest">Null where there is none.</param>
    /// <param name="now">The verifier's time.</param>
    /// <param name="maximumAge">Null when the age does not matter.</param>
    public static void CheckAge(Checks checks, LogAnchor? newest, DateTimeOffset now, TimeSpan? maximumAge)
    {
        const string Id = "manifest.age";
        var seen = newest is null ? "never" : StatementVerifier.Text(newest.At);
        if (maximumAge is not { } limit)
        {
            checks.Skip(Id, newest is null ? "The manifest does not say when it was last published." : "No limit was set for the age of the manifest.", ("published_at", seen));
            return;
        }
        checks.Require(newest is not null && now - newest.At <= limit, Id, "The manifest was published recently enough.",
            "The manifest is STALE: it was not published within the limit. What was revoked or added since does not show. Ask for a newer one; if there is none, the vault stopped or keeps something back.",
            ("published_at", seen), ("now", StatementVerifier.Text(now)), ("limit", limit.ToString("c", CultureInfo.InvariantCulture)));
    }
}
