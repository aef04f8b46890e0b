using Touchmark.Evidence.Documents.Vault;
using Touchmark.Hosting.Storage;
using Touchmark.Vault.Manifest;

namespace Touchmark.Vault.Officers;

/// <summary>The roll of officers, kept in memory and made from the manifest.</summary>
internal sealed class OfficerBook(ManifestIndex index) : IManifestIndex
{
    private const int Page = 256;

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

        var read = new OfficerRoll(await AllAsync(OfficerAppointment.ContentType, cancel), await AllAsync(KeyRevocation.ContentType, cancel), await AllAsync(FirmwareApproval.ContentType, cancel));
        lock (_gate)
        {
            return _roll ??= read;
        }
    }

    private async Task<IReadOnlyList<ManifestEntry>> AllAsync(string contentType, CancellationToken cancel)
    {
        var all = new List<ManifestEntry>();
        IReadOnlyList<ManifestEntry> page;
        do
        {
            page = await index.ListAsync(contentType, all.Count == 0 ? 0 : all[^1].Index, Page, cancel);
            all.AddRange(page);
        }
        while (page.Count == Page);
        return all;
    }
}
