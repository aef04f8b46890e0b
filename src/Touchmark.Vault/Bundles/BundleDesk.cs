using System.Globalization;
using Touchmark.Evidence.Documents;
using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Problems;
using Touchmark.Vault.Firmware;
using Touchmark.Vault.Hsm;
using Touchmark.Vault.Manifest;
using Touchmark.Vault.Operators;
using Touchmark.Vault.Review;
using Touchmark.Vault.Slicers;
using Touchmark.Vault.Twins;

namespace Touchmark.Vault.Bundles;

/// <summary>A bundle that is in the manifest.</summary>
/// <param name="Entry">Its statement.</param>
/// <param name="Bundle">What it says.</param>
/// <param name="IsNew">Whether this request made it; otherwise it was there.</param>
internal sealed record SignedBundle(ManifestEntry Entry, EvidenceBundle Bundle, bool IsNew);

/// <summary>
/// Makes bundles. Everything that can be refused is refused first; then, in one turn: the counter is taken, the bundle is signed, entered in the manifest and indexed. A crash between any two of
/// these steps loses nothing that was answered and uses no counter value twice: at worst a value is never used.
/// </summary>
internal sealed class BundleDesk(
    ManifestBook manifest, BundleIndex index, IVaultHsm hsm, SlicerAttestor slicers, FirmwareMonitor firmware, OperatorTokens operators, TwinDesk twins, Reviewer reviewer, ClockWatch clock)
{
    /// <param name="request">The job.</param>
    /// <param name="times">Where the time is added up.</param>
    /// <param name="cancel">Ends what was not decided.</param>
    public async Task<Outcome<SignedBundle>> SignAsync(BundleRequest request, TurnTimes times, CancellationToken cancel)
    {
        if (await FindAsync(request, cancel) is { } known)
        {
            return known;
        }

        var form = request.Form;
        OperatorIdentity? identity = null;
        if (form.OperatorToken is { } token && !(await operators.CheckAsync(token, cancel)).Has(out identity, out var refusal))
        {
            return refusal;
        }

        var slicer = await slicers.AttestAsync(request.Toolpath, form.Slicer?.ToClaim(request.CallerProcess), cancel);
        if (!(await manifest.EnterAsync(cancel, times)).Has(out var turn, out refusal))
        {
            return refusal;
        }

        await using (turn)
        {
            // Somebody may have signed it while this request waited for its turn.
            if (await FindAsync(request, cancel) is { } meanwhile)
            {
                return meanwhile;
            }

            TwinReference? twin = null;
            if (form.TwinId is { } twinId && !(await twins.FindDraftAsync(twinId, request.GCodeSha256, cancel)).Has(out twin, out refusal))
            {
                return refusal;
            }

            return await SignAsync(turn, Draft(turn, request, slicer, identity, twin));
        }
    }

    /// <summary>The job's bundle; refused when the same job was said with something else in it; null when there is none.</summary>
    private async Task<Outcome<SignedBundle>?> FindAsync(BundleRequest request, CancellationToken cancel)
    {
        if (await index.FindJobAsync(request.JobId, cancel) is not { } entry || entry.Read<EvidenceBundle>() is not { } bundle)
        {
            return null;
        }

        return request.IsOf(bundle) ? new SignedBundle(entry, bundle, IsNew: false)
            : Refusal.Conflict("JOB_DIFFERS", "The job was signed before, and not with this content.", "Read its bundle; a different job needs a different job_id.")
                .With("bundle_id", bundle.BundleId).With("job_id", bundle.JobId);
    }

    /// <summary>All that is known before the counter is taken: the operator's binding is without its signature.</summary>
    private EvidenceBundle Draft(ManifestTurn turn, BundleRequest request, SlicerAttest slicer, OperatorIdentity? identity, TwinReference? twin)
    {
        var certificate = turn.Identity.Certificate;
        var now = clock.Now;
        var reading = firmware.Current;
        var draft = new EvidenceBundle
        {
            BundleId = Guid.CreateVersion7(now),
            CustomerId = certificate.CustomerId,
            PrinterId = certificate.PrinterId,
            VaultId = certificate.VaultId,
            SignedAt = now,
            MachineCounter = turn.NextCount,
            Previous = turn.Chain is { } chain ? chain.Sha256 : (ReadOnlyMemory<byte>?)null,
            JobId = request.JobId,
            GCodeSha256 = request.GCodeSha256,
            GCodeBytes = request.GCodeBytes,
            SlicerAttest = slicer,
            FirmwareSha256 = reading.Sha256,
            Firmware = reading.Standing,
            SensorEnvelope = request.Form.Sensors,
            OperatorBinding = identity is null ? null : new OperatorBinding(identity.Idp, identity.Subject, request.OperatorTokenSha256!, new byte[64]) { Roles = identity.Roles },
            TwinCertRef = twin,
            DegradedReasons = [.. Reasons(reading, now, turn.Chain)],
            KeyCustody = new(CustodyOf(turn.Keys.Primary), CustodyOf(turn.Keys.Shadow)),
            Models = [],
            Signals = [],
            StartedAt = request.Form.StartedAt,
            EndedAt = request.Form.EndedAt,
            Material = request.Form.Material,
            Note = request.Form.Note,
        };
        var judgement = reviewer.Judge(new Reviewed(draft, request.Toolpath, request.Form.Series));
        return draft with { Models = judgement.Models, Signals = judgement.Signals };
    }

    private async Task<Outcome<SignedBundle>> SignAsync(ManifestTurn turn, EvidenceBundle draft)
    {
        if (!Document.TryDecode<EvidenceBundle>(Document.Encode(draft), out _, out var problem))
        {
            return Refusal.Invalid("BUNDLE_REFUSED", $"This does not make a bundle: {problem}.", "Compare the request with spec/bundle.md.");
        }

        if (!(await turn.CountAsync(hsm)).Has(out var count, out var refusal))
        {
            return refusal;
        }

        var bundle = draft with { MachineCounter = count };
        if (bundle.OperatorBinding is { } binding)
        {
            if (!(await turn.SignAsync(keys => keys.Primary.Signer.Sign(OperatorBinding.Message(binding.TokenSha256.Span, bundle.BundleId)))).Has(out var signature, out refusal))
            {
                return refusal;
            }

            bundle = bundle with { OperatorBinding = binding with { Signature = signature } };
        }

        if (!(await turn.StateAsync(bundle, bundle.SignedAt)).Has(out var entry, out refusal))
        {
            return refusal;
        }

        if (bundle.TwinCertRef is not null)
        {
            // The bundle stands whatever becomes of this: the twin's desk completes what it finds without a completion.
            await twins.CompleteAsync(turn, bundle, entry);
        }

        return new SignedBundle(entry, bundle, IsNew: true);
    }

    private IEnumerable<string> Reasons(FirmwareReading reading, DateTimeOffset now, ChainLink? chain)
    {
        if (reading.Standing.State != FirmwareState.Approved)
        {
            yield return reading.Standing.Reason ?? "The printer's firmware is not approved.";
        }

        if (clock.Jump is { } jump)
        {
            yield return jump;
        }

        if (chain?.SignedAt > now)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"The clock went back: the bundle before is of {chain.SignedAt:yyyy-MM-ddTHH:mm:ssZ}.");
        }
    }

    private static KeyCustody CustodyOf(HeldKey key) => key.InToken ? KeyCustody.Token : KeyCustody.Software;
}
