using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Officers;

/// <summary>The roll of officers, kept in memory and made from the manifest.</summary>
internal sealed class OfficerBook(ManifestIndex index) : IManifestIndex
{
    private readonly Lock _gate = new();
    private OfficerRoll? _roll;

    public IReadOnlyList<string> Tables => [];

    public Task ApplyAsync(Transaction work, ManifestEntry entry, CancellationToken cancel)
    {
        lock (_gate)
        {
            // Before anybody asks for it, it is not held.
            _roll = _roll?.With(entry);
        }

        return Task.CompletedTask;
    }

    public async ValueTask<OfficerRoll> RollAsync(CancellationToken cancel)
    {
        if (_roll is { } held)
        {
            return held;
        }

        var read = new OfficerRoll(await index.ListAsync(OfficerAppointment.ContentType, cancel), await index.ListAsync(KeyRevocation.ContentType, cancel), await index.ListAsync(FirmwareApproval.ContentType, cancel));
        lock (_gate)
        {
            return _roll ??= read;
        }
    }
}
