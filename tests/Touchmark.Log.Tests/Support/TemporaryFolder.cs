namespace Touchmark.Log.Tests;

internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("touchmark-log-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
