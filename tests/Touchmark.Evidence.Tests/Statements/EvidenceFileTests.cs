using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Evidence.Cbor;
using Touchmark.Evidence.Statements;
using Touchmark.Evidence.Tests.Cbor;
using Touchmark.Evidence.Verification;

namespace Touchmark.Evidence.Tests.Statements;

public sealed class EvidenceFileTests : IDisposable
{
    private static readonly byte[] Front = [0xd9, 0xd9, 0xf7, 0x84, 0x72, .. "touchmark evidence"u8, 2, 0xf6];

    private readonly Workshop _workshop = new();
    private readonly LogBook _log = new();

    public void Dispose()
    {
        _workshop.Dispose();
        _log.Dispose();
    }

    [Fact]
    public void What_was_written_is_read()
    {
        var file = _log.Enter(_workshop.File(segments: 2000));
        Assert.True(EvidenceFile.TryDecode(file.Encode(), out var read, out var problem), problem);
        Assert.Equal(file.Encode(), read.Encode());
        Assert.Equal(file.Subject.Proof!.Hashes, read.Subject.Proof!.Hashes);
        Assert.Equal(file.Checkpoint!.Encode(), read.Checkpoint!.Encode());
    }

    [Fact]
    public void Million_statements_are_refused_in_words_and_nothing_is_allocated_for_them()
    {
        const int Count = 1_000_000;
        byte[] statement = [0x83, 0x40, 0xf6, 0xf6];
        var bytes = new byte[Front.Length + 5 + (Count * statement.Length)];
        Front.CopyTo(bytes, 0);
        bytes[Front.Length] = 0x9a;
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Front.Length + 1), Count);
        for (var at = Front.Length + 5; at < bytes.Length; at += statement.Length)
        {
            statement.CopyTo(bytes, at);
        }
        EvidenceFile.TryDecode(new byte[] { 0 }, out _, out _);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.False(EvidenceFile.TryDecode(bytes, out _, out var problem));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
        Assert.Equal("it holds 1000000 statements, at most 100000 are read", problem);
    }

    [Fact]
    public void File_that_is_too_long_is_refused_before_it_is_read()
    {
        Assert.False(EvidenceFile.TryDecode(new byte[EvidenceFile.MaxBytes + 1], out _, out var problem));
        Assert.Contains("at most", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[[h'', null]]")]
    [InlineData("[[h'', h'', null]]")]
    [InlineData("[[h'', null, []]]")]
    [InlineData("[[h'', null, [-1, []]]]")]
    [InlineData("[[h'', null, [2^63, []]]]")]
    [InlineData("[[h'', null, [0, [31 bytes]]]]")]
    [InlineData("[[h'', null, [0, [64 hashes]]]]")]
    public void Statements_of_another_form_are_refused(string form)
    {
        CborValue empty = Array.Empty<byte>(), none = CborNull.Instance;
        CborValue proof(CborValue index, params CborValue[] hashes) => CborArray.Of(CborArray.Of(empty, none, CborArray.Of(index, CborArray.Of(hashes))));
        var statements = form switch
        {
            "[]" => CborArray.Of(),
            "[[h'', null]]" => CborArray.Of(CborArray.Of(empty, none)),
            "[[h'', h'', null]]" => CborArray.Of(CborArray.Of(empty, empty, none)),
            "[[h'', null, []]]" => CborArray.Of(CborArray.Of(empty, none, CborArray.Of())),
            "[[h'', null, [-1, []]]]" => proof(-1),
            "[[h'', null, [2^63, []]]]" => proof(1ul << 63),
            "[[h'', null, [0, [31 bytes]]]]" => proof(0, new byte[31]),
            _ => proof(0, [.. Enumerable.Repeat<CborValue>(new byte[32], 64)]),
        };
        byte[] bytes = [.. Front, .. DeterministicCbor.Encode(statements)];
        Assert.False(EvidenceFile.TryDecode(bytes, out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void Whatever_is_read_is_written_as_the_same_bytes_and_nothing_throws()
    {
        var good = _log.Enter(_workshop.File()).Encode();
        var trust = _log.Trust(_workshop.Trust);
        bool Holds(byte[] bytes)
        {
            Assert.NotEmpty(EvidenceVerifier.Verify(bytes, trust, Workshop.Now).Verdict.Checks);
            return EvidenceFile.TryDecode(bytes, out var file, out var problem) ? bytes.AsSpan().SequenceEqual(file.Encode()) : problem.Length > 0;
        }
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes => Holds([.. Front, .. bytes])));
        Check.QuickThrowOnFailure(Prop.ForAll(CborGenerator.Values, value => Holds([.. Front, .. DeterministicCbor.Encode(value)])));
        Check.QuickThrowOnFailure(Prop.ForAll(CborGenerator.Values, CborGenerator.Values, (document, proof) =>
            Holds([.. Front, .. DeterministicCbor.Encode(CborArray.Of(CborArray.Of(Array.Empty<byte>(), document, proof)))])));
        Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<NonNegativeInt>(), ArbMap.Default.ArbFor<byte>(), (at, mask) =>
        {
            var altered = good.ToArray();
            altered[at.Get * 97 % altered.Length] ^= mask;
            return Holds(altered);
        }));
    }
}
