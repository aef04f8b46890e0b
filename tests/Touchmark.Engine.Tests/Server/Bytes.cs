namespace Touchmark.Engine.Tests.Server;

/// <summary>The content of a file that the engine may still hold open.</summary>
internal static class Bytes
{
    public static byte[] Of(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return memory.ToArray();
    }
}
