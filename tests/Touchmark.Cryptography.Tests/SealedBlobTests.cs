using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.Cryptography.Tests;

public sealed class SealedBlobTests
{
    private const int Chunk = SealedBlob.ChunkSize;
    private const int Sealed = Chunk + 16;
    private const int Header = 40;

    private static readonly byte[] Key = [.. Enumerable.Repeat((byte)7, 32)];
    private static readonly byte[] Context = [.. "design 42"u8];

    public static TheoryData<int> Lengths => [0, 1, 15, 4096, Chunk - 1, Chunk, Chunk + 1, (3 * Chunk) - 1, 3 * Chunk, (3 * Chunk) + 17];

    [Theory]
    [MemberData(nameof(Lengths))]
    public async Task What_was_sealed_is_read_back_whatever_its_length(int length)
    {
        byte[] plain = Plain(length);
        byte[] blob = await SealAsync(plain);
        int chunks = Math.Max(1, (length + Chunk - 1) / Chunk);
        Assert.Equal(Header + length + (16 * chunks), blob.Length);

        await using SealedBlobReadStream reader = Open(blob);
        Assert.Equal(length, reader.Length);
        using var read = new MemoryStream();
        await reader.CopyToAsync(read, 10_000);
        Assert.Equal(plain, read.ToArray());
    }

    [Fact]
    public async Task Any_part_is_read_without_the_rest()
    {
        byte[] plain = Plain((3 * Chunk) + 500);
        byte[] blob = await SealAsync(plain);
        blob[Header + Sealed + 5] ^= 1; // chunk 1 is damaged; nobody reads it
        using SealedBlobReadStream reader = Open(blob);
        var part = new byte[1000];
        foreach (int at in new[] { 2 * Chunk, 0, (3 * Chunk) - 500, Chunk - 1000, plain.Length - 1000 })
        {
            reader.Position = at;
            reader.ReadExactly(part);
            Assert.Equal(plain.AsSpan(at, part.Length).ToArray(), part);
        }
        reader.Seek(Chunk, SeekOrigin.Begin);
        Assert.Throws<InvalidDataException>(() => reader.ReadByte());
        reader.Seek(10, SeekOrigin.End);
        Assert.Equal(-1, reader.ReadByte());
    }

    [Fact]
    public async Task A_blob_that_was_altered_anywhere_does_not_read()
    {
        const int second = Header + Sealed;
        const int third = second + Sealed;
        byte[] blob = await SealAsync(Plain((2 * Chunk) + 100));
        (string Name, Func<byte[], byte[]> Tamper)[] attacks =
        [
            ("magic", b => Flip(b, 0)),
            ("salt", b => Flip(b, 8)),
            ("first chunk", b => Flip(b, Header)),
            ("tag of the first chunk", b => Flip(b, Header + Chunk)),
            ("last byte", b => Flip(b, b.Length - 1)),
            ("chunks swapped", b => [.. b[..Header], .. b[second..third], .. b[Header..second], .. b[third..]]),
            ("chunk dropped", b => [.. b[..Header], .. b[second..]]),
            ("chunk twice", b => [.. b[..second], .. b[Header..]]),
            ("last chunk dropped", b => b[..third]),
            ("one byte short", b => b[..^1]),
            ("one byte more", b => [.. b, 0]),
            ("a second end", b => [.. b, .. b[third..]]),
            ("header alone", b => b[..Header]),
            ("cut to 15 bytes of the first chunk", b => b[..(Header + 15)]),
            ("cut in an empty chunk", b => b[..(second + 16)]),
            ("nothing", _ => []),
        ];
        Assert.All(attacks, attack => Assert.Throws<InvalidDataException>(() =>
        {
            using SealedBlobReadStream reader = Open(attack.Tamper(blob));
            reader.CopyTo(Stream.Null);
        }));
    }

    [Fact]
    public async Task Another_key_or_context_or_blob_of_the_same_key_does_not_open()
    {
        byte[] blob = await SealAsync(Plain(100));
        byte[] other = await SealAsync(Plain(100));
        Assert.NotEqual(blob, other);
        Assert.Throws<InvalidDataException>(() => SealedBlob.OpenReader(new MemoryStream(blob), [.. Key.Reverse().Skip(1), 0], Context));
        Assert.Throws<InvalidDataException>(() => SealedBlob.OpenReader(new MemoryStream(blob), Key, "design 43"u8));
        Assert.Throws<InvalidDataException>(() => Open([.. blob[..Header], .. other[Header..]]));
    }

    [Fact]
    public void An_interrupted_write_does_not_pass_for_a_short_blob()
    {
        var file = new MemoryStream();
        using (SealedBlobWriteStream writer = SealedBlob.CreateWriter(file, Key, Context, leaveOpen: true))
            writer.Write(Plain((2 * Chunk) + 1));
        Assert.True(file.Length > Chunk);
        Assert.Throws<InvalidDataException>(() => Open(file.ToArray()));
    }

    [Fact]
    public void Nothing_can_follow_the_end()
    {
        using SealedBlobWriteStream writer = SealedBlob.CreateWriter(new MemoryStream(), Key, Context);
        writer.Write([1, 2, 3]);
        writer.Complete();
        Assert.False(writer.CanWrite);
        Assert.Throws<InvalidOperationException>(() => writer.Write([4]));
        Assert.Throws<InvalidOperationException>(writer.Complete);
    }

    [Fact]
    public void However_the_writes_are_cut_the_reads_give_the_same_bytes()
    {
        Prop.ForAll(Gen.Choose(0, 40_000).ListOf(8).ToArbitrary(), pieces =>
        {
            byte[] plain = Plain(pieces.Sum());
            var file = new MemoryStream();
            using (SealedBlobWriteStream writer = SealedBlob.CreateWriter(file, Key, Context, leaveOpen: true))
            {
                int at = 0;
                foreach (int piece in pieces)
                {
                    writer.Write(plain.AsSpan(at, piece));
                    at += piece;
                }
                writer.Complete();
            }
            using SealedBlobReadStream reader = Open(file.ToArray());
            var read = new byte[plain.Length];
            reader.ReadExactly(read);
            return read.AsSpan().SequenceEqual(plain) && reader.ReadByte() < 0;
        }).QuickCheckThrowOnFailure();
    }

    private static async Task<byte[]> SealAsync(byte[] plain)
    {
        var file = new MemoryStream();
        await using (SealedBlobWriteStream writer = SealedBlob.CreateWriter(file, Key, Context))
        {
            await writer.WriteAsync(plain);
            await writer.CompleteAsync();
        }
        return file.ToArray();
    }

    private static SealedBlobReadStream Open(byte[] blob) => SealedBlob.OpenReader(new MemoryStream(blob), Key, Context);

    private static byte[] Plain(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];

    private static byte[] Flip(byte[] bytes, int at)
    {
        byte[] copy = [.. bytes];
        copy[at] ^= 1;
        return copy;
    }
}
