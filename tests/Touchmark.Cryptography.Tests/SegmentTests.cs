using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.Cryptography.Tests;

public sealed class SegmentTests
{
    private static readonly byte[] SessionId = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
    private static readonly byte[] Transcript = [.. "transcript"u8];
    private static readonly byte[] Profile = [.. "profile"u8];

    [Fact]
    public void Engine_and_gateway_derive_the_same_five_different_keys()
    {
        (SessionKeys engine, SessionKeys gateway) = Derive(Transcript, Profile);
        byte[][] ofEngine = Bytes(engine);
        Assert.Equal(ofEngine, Bytes(gateway));
        Assert.Equal(5, ofEngine.Select(Convert.ToHexString).Distinct(StringComparer.Ordinal).Count());
        Assert.True(engine.TranscriptHash.SequenceEqual(gateway.TranscriptHash));
    }

    [Fact]
    public void Segments_open_in_order_and_both_chains_end_at_the_same_head()
    {
        (SessionKeys engine, SessionKeys gateway) = Derive(Transcript, Profile);
        using var sealer = new SegmentSealer(engine, SessionId);
        using var opener = new SegmentOpener(gateway, SessionId);
        using var opened = new LockedBuffer(SegmentSealer.MaxPlaintext);
        Assert.True(sealer.ChainHead.SequenceEqual(opener.ChainHead));
        for (int i = 1; i <= 50; i++)
        {
            byte[] text = [.. Enumerable.Repeat((byte)i, i == 50 ? SegmentSealer.MaxPlaintext : i)];
            byte[] box = Seal(sealer, text);
            Assert.True(opener.TryOpen(box, opened, out int length));
            Assert.Equal(text, opened.Span[..length].ToArray());
            Assert.Equal((ulong)i, opener.Count);
            Assert.True(sealer.ChainHead.SequenceEqual(opener.ChainHead));
            Assert.True(sealer.LastIv.SequenceEqual(opener.LastIv));
        }
    }

    [Fact]
    public void Any_altered_dropped_replayed_or_moved_segment_fails_wipes_the_buffer_and_ends_the_session()
    {
        // How the stream of five sealed segments is tampered with before the gateway sees it.
        (string Name, Func<byte[][], byte[][]> Tamper)[] attacks =
        [
            ("altered", s => [s[0], Flip(s[1], 0), s[2]]),
            ("altered tag", s => [s[0], Flip(s[1], s[1].Length - 1), s[2]]),
            ("dropped", s => [s[0], s[2], s[3]]),
            ("first dropped", s => [s[1], s[2]]),
            ("replayed", s => [s[0], s[0], s[1]]),
            ("reordered", s => [s[0], s[2], s[1]]),
            ("shortened", s => [s[0], s[1][..^1], s[2]]),
            ("empty", s => [s[0], [], s[1]]),
            ("only a tag", s => [s[0], new byte[16], s[1]]),
            ("too long", s => [s[0], new byte[SegmentSealer.MaxPlaintext + 17], s[1]]),
        ];
        Assert.All(attacks, attack =>
        {
            (SessionKeys engine, SessionKeys gateway) = Derive(Transcript, Profile);
            using var sealer = new SegmentSealer(engine, SessionId);
            using var opener = new SegmentOpener(gateway, SessionId);
            using var opened = new LockedBuffer(SegmentSealer.MaxPlaintext);
            byte[][] stream = [.. Enumerable.Range(0, 5).Select(i => Seal(sealer, [.. Enumerable.Repeat((byte)(i + 1), 100)]))];
            byte[][] seen = attack.Tamper(stream);
            int good = seen.TakeWhile((s, i) => s == stream[i]).Count();
            for (int i = 0; i < good; i++)
                Assert.True(opener.TryOpen(seen[i], opened, out _));
            opened.Span.Fill(0xCC);
            Assert.False(opener.TryOpen(seen[good], opened, out int length));
            Assert.Equal(0, length);
            Assert.False(opened.Span.ContainsAnyExcept((byte)0));
            Assert.True(opener.IsPoisoned);
            Assert.False(opener.TryOpen(stream[good], opened, out _));
        });
    }

    [Fact]
    public void Another_session_id_transcript_or_machine_opens_nothing()
    {
        (SessionKeys engine, SessionKeys gateway) = Derive(Transcript, Profile);
        using var sealer = new SegmentSealer(engine, SessionId);
        byte[] box = Seal(sealer, [1, 2, 3]);
        using var opened = new LockedBuffer(16);
        using var otherSession = new SegmentOpener(gateway, SessionId.Reverse().ToArray());
        Assert.False(otherSession.TryOpen(box, opened, out _));
        using var otherKeys = new SegmentOpener(Derive(Transcript, Profile).Gateway, SessionId);
        Assert.False(otherKeys.TryOpen(box, opened, out _));
    }

    [Fact]
    public void Sealing_and_opening_allocate_nothing_per_segment()
    {
        (SessionKeys engine, SessionKeys gateway) = Derive(Transcript, Profile);
        using var sealer = new SegmentSealer(engine, SessionId);
        using var opener = new SegmentOpener(gateway, SessionId);
        using var opened = new LockedBuffer(SegmentSealer.MaxPlaintext);
        var text = new byte[2000];
        var box = new byte[text.Length + SegmentSealer.Overhead];
        long allocated = 0;
        for (int i = 0; i < 200; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            sealer.Seal(text, box);
            opener.TryOpen(box, opened, out _);
            // The first rounds make what the platform caches per thread.
            if (i >= 100)
                allocated += GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(200ul, opener.Count);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Arbitrary_bytes_never_throw_out_of_the_opener()
    {
        (_, SessionKeys gateway) = Derive(Transcript, Profile);
        Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), bytes =>
        {
            using var opener = new SegmentOpener(gateway, SessionId);
            using var opened = new LockedBuffer(SegmentSealer.MaxPlaintext);
            return !opener.TryOpen(bytes, opened, out _) && opener.IsPoisoned;
        }).QuickCheckThrowOnFailure();
    }

    private static (SessionKeys Engine, SessionKeys Gateway) Derive(byte[] transcript, byte[] profile)
    {
        using P256PrivateKey engineEphemeral = P256.GenerateKey();
        using P256PrivateKey gatewayEphemeral = P256.GenerateKey();
        using P256PrivateKey device = P256.GenerateKey();
        Assert.True(SessionKeys.TryDeriveAsEngine(
            engineEphemeral, gatewayEphemeral.PublicKey.Span, device.PublicKey.Span, transcript, profile, out SessionKeys? engine));
        Assert.True(SessionKeys.TryDeriveAsGateway(
            gatewayEphemeral, device, engineEphemeral.PublicKey.Span, transcript, profile, out SessionKeys? gateway));
        return (engine, gateway);
    }

    private static byte[][] Bytes(SessionKeys keys) =>
        [.. new[] { keys.Segment, keys.Chain, keys.Control, keys.Telemetry, keys.Certificate }.Select(k => k.Span.ToArray())];

    private static byte[] Seal(SegmentSealer sealer, byte[] text)
    {
        var box = new byte[text.Length + SegmentSealer.Overhead];
        sealer.Seal(text, box);
        return box;
    }

    private static byte[] Flip(byte[] bytes, int at)
    {
        byte[] copy = [.. bytes];
        copy[at] ^= 0x80;
        return copy;
    }
}
