namespace Touchmark.Cryptography.Tests;

public sealed class KeyStorageTests : IDisposable
{
    private static readonly byte[] Master = [.. Enumerable.Repeat((byte)3, 32)];
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private readonly string _folder = Directory.CreateTempSubdirectory("touchmark-keys-").FullName;

    [Fact]
    public void A_wrapped_key_comes_back_under_the_same_master_key_and_context_alone()
    {
        byte[] wrapped = KeyWrap.Wrap(Master, Secret, "design 1"u8);
        Assert.Equal(Secret.Length + KeyWrap.Overhead, wrapped.Length);
        Assert.NotEqual(wrapped, KeyWrap.Wrap(Master, Secret, "design 1"u8));
        using (LockedBuffer? back = KeyWrap.TryUnwrap(Master, wrapped, "design 1"u8))
            Assert.Equal(Secret, back!.Span.ToArray());
        Assert.Null(KeyWrap.TryUnwrap(Master, wrapped, "design 2"u8));
        Assert.Null(KeyWrap.TryUnwrap(Secret, wrapped, "design 1"u8));
        Assert.All(Enumerable.Range(0, wrapped.Length), i =>
        {
            byte[] altered = [.. wrapped];
            altered[i] ^= 1;
            Assert.Null(KeyWrap.TryUnwrap(Master, altered, "design 1"u8));
            Assert.Null(KeyWrap.TryUnwrap(Master, wrapped.AsSpan(0, i), "design 1"u8));
        });
    }

    [Fact]
    public void A_key_file_is_the_owner_s_alone_and_never_overwritten()
    {
        string path = Path.Combine(_folder, "device.key");
        KeyFile.WriteNew(path, Secret);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        using (LockedBuffer read = KeyFile.Read(path))
            Assert.Equal(Secret, read.Span.ToArray());
        Assert.Throws<IOException>(() => KeyFile.WriteNew(path, Master));
        using (LockedBuffer read = KeyFile.Read(path))
            Assert.Equal(Secret, read.Span.ToArray());
        Assert.Equal([path], Directory.GetFiles(_folder));
    }

    [Fact]
    public void A_key_file_that_others_may_read_is_refused_with_the_remedy()
    {
        if (OperatingSystem.IsWindows())
            return; // it has no file modes
        string path = Path.Combine(_folder, "wide.key");
        KeyFile.WriteNew(path, Secret);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        var refusal = Assert.Throws<UnauthorizedAccessException>(() => KeyFile.Read(path));
        Assert.Contains("chmod 600", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_an_oversized_and_a_missing_key_file_are_refused()
    {
        string empty = Path.Combine(_folder, "empty.key");
        KeyFile.WriteNew(empty, []);
        Assert.Throws<InvalidDataException>(() => KeyFile.Read(empty));
        string large = Path.Combine(_folder, "large.key");
        KeyFile.WriteNew(large, new byte[KeyFile.MaxSize + 1]);
        Assert.Throws<InvalidDataException>(() => KeyFile.Read(large));
        Assert.Throws<FileNotFoundException>(() => KeyFile.Read(Path.Combine(_folder, "none.key")));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
