using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.Cryptography.Tests.FernetTokens;

public sealed class FernetFileTests
{
    private const int Chunk = FernetFile.Chunk;

    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    // Around every place where a chunk of content, the padding, or the HMAC crosses into the next chunk of text.
    public static TheoryData<int> Lengths =>
        [0, 1, 15, 16, 17, 47, 48, 4096, .. Enumerable.Range(-5, 10).Select(static blocks => Chunk + (blocks * 16)), Chunk - 17, Chunk - 33, Chunk - 49, (2 * Chunk) - 33, (2 * Chunk) - 50, (3 * Chunk) + 7];

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task What_was_written_is_read_back_whatever_its_length_and_is_the_token_of_the_small_implementation(int length)
    {
        using FernetKey key = FernetKey.Generate();
        byte[] plain = RandomNumberGenerator.GetBytes(length);
        byte[] token = await WriteAsync(key, plain);

        var opened = new byte[Fernet.MaxMessageSize(token.Length)];
        Assert.Equal(FernetProblem.None, Fernet.TryDecrypt(key, token, Now, null, opened, out int written));
        Assert.Equal(plain, opened[..written]);

        await using FernetReadStream content = await OpenAsync(key, token);
        Assert.Equal(length, content.Length);
        using var read = new MemoryStream();
        await content.CopyToAsync(read, 10_000);
        Assert.Equal(plain, read.ToArray());
    }

    [Fact]
    public async Task A_token_that_the_small_implementation_made_is_read_at_any_place()
    {
        using FernetKey key = FernetKey.Generate();
        byte[] plain = RandomNumberGenerator.GetBytes((3 * Chunk) + 1234);
        await using FernetReadStream content = await OpenAsync(key, Fernet.Encrypt(key, plain, Now));
        Prop.ForAll(Gen.Choose(0, plain.Length).ToArbitrary(), Gen.Choose(0, 2 * Chunk).ToArbitrary(), (at, length) =>
        {
            content.Position = at;
            var part = new byte[Math.Min(length, plain.Length - at)];
            content.ReadExactly(part);
            return part.AsSpan().SequenceEqual(plain.AsSpan(at, part.Length));
        }).QuickCheckThrowOnFailure();
        content.Seek(0, SeekOrigin.End);
        Assert.Equal(-1, content.ReadByte());
    }

    [Fact]
    public async Task A_byte_that_was_changed_anywhere_is_refused()
    {
        using FernetKey key = FernetKey.Generate();
        byte[] token = await WriteAsync(key, RandomNumberGenerator.GetBytes(Chunk + 100));
        Prop.ForAll(Gen.Choose(0, token.Length - 1).ToArbitrary(), Gen.Choose(1, 255).ToArbitrary(), (at, change) =>
        {
            var bad = (byte[])token.Clone();
            bad[at] ^= (byte)change;
            return Problem(key, bad) is FernetProblem.Malformed or FernetProblem.NotAuthentic or FernetProblem.FromTheFuture;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
        Prop.ForAll(Gen.Choose(0, token.Length - 1).ToArbitrary(), length => Problem(key, token[..length]) is FernetProblem.Malformed or FernetProblem.NotAuthentic).QuickCheckThrowOnFailure();
        using FernetKey other = FernetKey.Generate();
        Assert.Equal(FernetProblem.NotAuthentic, Problem(other, token));
    }

    [Fact]
    public async Task Of_several_keys_the_right_one_opens_the_file_in_one_pass()
    {
        using FernetKey first = FernetKey.Generate();
        using FernetKey second = FernetKey.Generate();
        byte[] token = await WriteAsync(second, "hello"u8.ToArray());
        await using FernetReadStream content = (await FernetFile.OpenAsync(new MemoryStream(token), [first, second], Now, null)).Content!;
        using var reader = new StreamReader(content);
        Assert.Equal("hello", await reader.ReadToEndAsync());
        Assert.Equal(FernetProblem.NotAuthentic, (await FernetFile.OpenAsync(new MemoryStream(token), [first], Now, null)).Problem);
        Assert.Equal(FernetProblem.NotAuthentic, (await FernetFile.OpenAsync(new MemoryStream(token), [], Now, null)).Problem);
    }

    [Fact]
    public void Bytes_of_any_kind_are_refused()
    {
        using FernetKey key = FernetKey.Generate();
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => Problem(key, bytes) == FernetProblem.Malformed).QuickCheckThrowOnFailure();
        Prop.ForAll(
            Gen.Elements("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"u8.ToArray()).ArrayOf(100).ToArbitrary(),
            text => Problem(key, [.. "gAAAAABAAAAA"u8, .. text]) is FernetProblem.Malformed or FernetProblem.NotAuthentic).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData(5)]
    [InlineData(Chunk + 5)]
    public async Task A_file_that_was_exchanged_after_it_was_opened_yields_nothing_of_the_other(int at)
    {
        using FernetKey key = FernetKey.Generate();
        byte[] first = await WriteAsync(key, new byte[2 * Chunk]);
        byte[] second = await WriteAsync(key, RandomNumberGenerator.GetBytes(2 * Chunk));
        await using FernetReadStream content = await OpenAsync(key, first);
        second.CopyTo(first, 0);
        content.Position = at;
        Assert.Throws<InvalidDataException>(() => content.ReadByte());
        content.Position = at;
        await Assert.ThrowsAsync<InvalidDataException>(() => content.ReadExactlyAsync(new byte[10]).AsTask());
    }

    [Fact]
    public async Task A_file_that_was_cut_off_after_it_was_opened_yields_nothing_of_what_is_left_of_the_chunk()
    {
        using FernetKey key = FernetKey.Generate();
        var file = new MemoryStream();
        file.Write(await WriteAsync(key, new byte[2 * Chunk]));
        await using FernetReadStream content = (await FernetFile.OpenAsync(file, key, Now, null)).Content!;
        file.SetLength(60_000);
        Assert.Throws<InvalidDataException>(() => content.ReadByte());
    }

    [Fact]
    public async Task An_interrupted_write_does_not_pass_for_a_short_token()
    {
        using FernetKey key = FernetKey.Generate();
        var file = new MemoryStream();
        await using (ChunkedWriteStream writer = FernetFile.CreateWriter(file, key, Now, leaveOpen: true))
            await writer.WriteAsync(new byte[(2 * Chunk) + 1]);
        Assert.True(file.Length > Chunk);
        Assert.NotEqual(FernetProblem.None, Problem(key, file.ToArray()));
    }

    [Fact]
    public async Task A_file_that_does_not_open_stays_open_and_content_closes_the_file_it_owns()
    {
        using FernetKey key = FernetKey.Generate();
        using FernetKey other = FernetKey.Generate();
        var file = new MemoryStream(Fernet.Encrypt(key, "hello"u8, Now));
        Assert.Null((await FernetFile.OpenAsync(file, other, Now, null)).Content);
        Assert.True(file.CanRead);
        FernetReadStream content = (await FernetFile.OpenAsync(file, key, Now, null)).Content!;
        await content.DisposeAsync();
        Assert.False(file.CanRead);
        Assert.Throws<ObjectDisposedException>(() => content.ReadByte());
    }

    private static FernetProblem Problem(FernetKey key, byte[] bytes)
    {
        FernetOpening opening = FernetFile.OpenAsync(new MemoryStream(bytes), key, Now, null).GetAwaiter().GetResult();
        opening.Content?.Dispose();
        return opening.Problem;
    }

    private static async Task<FernetReadStream> OpenAsync(FernetKey key, byte[] token)
    {
        FernetOpening opening = await FernetFile.OpenAsync(new MemoryStream(token), key, Now, null);
        Assert.Equal(FernetProblem.None, opening.Problem);
        return opening.Content!;
    }

    private static async Task<byte[]> WriteAsync(FernetKey key, byte[] plain)
    {
        var file = new MemoryStream();
        await using ChunkedWriteStream writer = FernetFile.CreateWriter(file, key, Now);
        await writer.WriteAsync(plain);
        await writer.CompleteAsync();
        return file.ToArray();
    }
}
