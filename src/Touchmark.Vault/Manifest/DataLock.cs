namespace Touchmark.Vault.Manifest;

/// <summary>The right to write a data folder, for one process at a time. It ends with the process, however that ends.</summary>
internal sealed class DataLock(VaultOptions options) : IDisposable
{
    private FileStream? held;

    /// <exception cref="InvalidOperationException">Another process has it.</exception>
    public void Take()
    {
        try
        {
            held ??= new FileStream(Path.Combine(options.Data, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException busy)
        {
            throw new InvalidOperationException($"Another vault works with the data folder {options.Data}. End it first, or say another folder with --data.", busy);
        }
    }

    public void Dispose() => held?.Dispose();
}
