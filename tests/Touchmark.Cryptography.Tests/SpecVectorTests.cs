using System.Security.Cryptography;
using System.Text.Json;

namespace Touchmark.Cryptography.Tests;

/// <summary>Runs spec/vectors/{session-keys,segment,sealed-blob}, which another implementation made.</summary>
public sealed class SpecVectorTests
{
    [Fact]
    public void Session_keys_come_out_as_the_vectors_say()
    {
        JsonElement[] cases = [.. VectorFile.Read("session-keys/session-keys.json").Cases()];
        Assert.NotEmpty(cases);
        Assert.All(cases, test =>
        {
            string expect = test.Text("expect");
            Assert.Equal(expect != "engine refuses", VectorFile.TryDeriveAsEngine(test.GetProperty("engine"), out SessionKeys? engine));
            if (engine is null)
                return;
            Assert.True(VectorFile.TryDeriveAsGateway(test.GetProperty("gateway"), out SessionKeys? gateway));
            using (engine)
            using (gateway)
            {
                JsonElement keys = test.GetProperty("keys");
                Assert.Equal(test.Bytes("transcript_hash"), engine.TranscriptHash.ToArray());
                (string Name, LockedBuffer Engine, LockedBuffer Gateway)[] pairs =
                [
                    ("segment", engine.Segment, gateway!.Segment),
                    ("chain", engine.Chain, gateway.Chain),
                    ("control", engine.Control, gateway.Control),
                    ("telemetry", engine.Telemetry, gateway.Telemetry),
                    ("certificate", engine.Certificate, gateway.Certificate),
                ];
                Assert.All(pairs, pair =>
                {
                    Assert.Equal(keys.Bytes(pair.Name), pair.Engine.Span.ToArray());
                    Assert.Equal(expect == "success", pair.Engine.Span.SequenceEqual(pair.Gateway.Span));
                });
            }
        });
    }

    [Fact]
    public void A_later_epoch_has_the_keys_and_the_first_link_that_the_vectors_say()
    {
        JsonElement file = VectorFile.Read("session-keys/session-keys.json");
        JsonElement epoch = file.GetProperty("epochs")[0];
        Assert.True(VectorFile.TryDeriveAsEngine(file.GetProperty("cases")[0].GetProperty("engine"), out SessionKeys? derived));
        using LockedBuffer exported = derived!.Export();
        derived.Dispose();
        using SessionKeys keys = SessionKeys.Import(exported.Span);
        using EpochKeys next = keys.NextEpoch(epoch.Bytes("engine_nonce"), epoch.Bytes("gateway_nonce"));
        Assert.Equal(epoch.Bytes("segment"), next.Segment.Span.ToArray());
        Assert.Equal(epoch.Bytes("chain"), next.Chain.Span.ToArray());

        ulong number = epoch.GetProperty("number").GetUInt64();
        using var sealer = new SegmentSealer(next, new byte[16], number, epoch.Bytes("head"));
        using var opener = new SegmentOpener(next, new byte[16], number, epoch.Bytes("head"));
        Assert.Equal(epoch.Bytes("next_head"), sealer.ChainHead.ToArray());
        byte[] sealedSegment = new byte[4 + SegmentSealer.Overhead];
        Assert.Equal(number + 1, sealer.Seal("G28\n"u8, sealedSegment));
        using var opened = new LockedBuffer(SegmentSealer.MaxPlaintext);
        Assert.True(opener.TryOpen(sealedSegment, opened, out int length));
        Assert.Equal("G28\n"u8.ToArray(), opened.Span[..length].ToArray());
        byte[] iv = new byte[SegmentSealer.IvSize];
        SegmentSealer.ComputeIv(next.Chain, number + 1, iv);
        Assert.Equal(sealer.LastIv.ToArray(), iv);
        Assert.Equal(sealer.ChainHead.ToArray(), opener.ChainHead.ToArray());
    }

    [Fact]
    public void Segments_are_sealed_as_the_vectors_say()
    {
        JsonElement file = VectorFile.Read("segment/segment.json");
        JsonElement session = file.GetProperty("session");
        Assert.True(VectorFile.TryDeriveAsEngine(session.GetProperty("engine"), out SessionKeys? keys));
        using var sealer = new SegmentSealer(keys!, session.Bytes("session_id"));
        keys!.Dispose();
        byte[][] texts = file.List("plaintexts");
        byte[][] boxes = file.List("sealed");
        byte[][] ivs = file.List("ivs");
        byte[][] chain = file.List("chain");
        Assert.Equal(chain[0], sealer.ChainHead.ToArray());
        for (int i = 0; i < texts.Length; i++)
        {
            var box = new byte[texts[i].Length + SegmentSealer.Overhead];
            Assert.Equal((ulong)i + 1, sealer.Seal(texts[i], box));
            Assert.Equal(boxes[i], box);
            Assert.Equal(ivs[i], sealer.LastIv.ToArray());
            Assert.Equal(chain[i + 1], sealer.ChainHead.ToArray());
        }
    }

    [Fact]
    public void Segments_open_or_fail_as_the_vectors_say()
    {
        JsonElement file = VectorFile.Read("segment/segment.json");
        JsonElement session = file.GetProperty("session");
        byte[][] texts = file.List("plaintexts");
        byte[][] chain = file.List("chain");
        JsonElement[] cases = [.. file.Cases()];
        Assert.NotEmpty(cases);
        Assert.All(cases, test =>
        {
            Assert.True(VectorFile.TryDeriveAsGateway(session.GetProperty("gateway"), out SessionKeys? keys));
            using (keys)
            using (var opener = new SegmentOpener(keys!, session.Bytes("session_id")))
            using (var opened = new LockedBuffer(SegmentSealer.MaxPlaintext))
            {
                byte[][] seen = test.List("seen");
                int opens = test.GetProperty("opens").GetInt32();
                Assert.Equal(test.Text("expect") == "success", opens == seen.Length);
                for (int i = 0; i < seen.Length; i++)
                {
                    Assert.Equal(i < opens, opener.TryOpen(seen[i], opened, out int length));
                    Assert.Equal(i < opens ? texts[i] : [], opened.Span[..length].ToArray());
                }
                Assert.Equal(chain[opens], opener.ChainHead.ToArray());
                Assert.Equal(opens < seen.Length, opener.IsPoisoned);
            }
        });
    }

    [Fact]
    public void Sealed_blobs_are_written_and_read_or_refused_as_the_vectors_say()
    {
        JsonElement file = VectorFile.Read("sealed-blob/sealed-blob.json");
        JsonElement[] cases = [.. file.Cases()];
        Dictionary<string, byte[]> written = cases
            .Where(c => c.Text("expect") == "success")
            .ToDictionary(c => c.Text("name"), c => Write(file, c), StringComparer.Ordinal);
        Assert.NotEmpty(written);
        Assert.All(cases, test =>
        {
            if (test.Text("expect") == "success")
            {
                byte[] blob = written[test.Text("name")];
                Assert.Equal(test.GetProperty("sealed_length").GetInt32(), blob.Length);
                Assert.Equal(test.Bytes("sealed_sha256"), SHA256.HashData(blob));
                Assert.True(!test.TryGetProperty("sealed", out _) || test.Bytes("sealed").AsSpan().SequenceEqual(blob));
                Assert.Equal(Plain(test), Read(file, file, blob));
            }
            else
            {
                Assert.Throws<InvalidDataException>(() => Read(test, file, Damage(test, written[test.Text("of")])));
            }
        });
    }

    [Fact]
    public void Wrapped_keys_are_made_and_opened_as_the_vectors_say()
    {
        JsonElement file = VectorFile.Read("sealed-blob/sealed-blob.json").GetProperty("key_wrap");
        byte[] master = file.Bytes("master_key");
        JsonElement[] cases = [.. file.Cases()];
        Assert.Equal(cases[0].Bytes("wrapped"), KeyWrap.Wrap(master, file.Bytes("secret"), cases[0].Bytes("context"), file.Bytes("nonce")));
        Assert.All(cases, test =>
        {
            using LockedBuffer? secret = KeyWrap.TryUnwrap(master, test.Bytes("wrapped"), test.Bytes("context"));
            Assert.Equal(test.Text("expect") == "success" ? file.Bytes("secret") : null, secret?.Span.ToArray());
        });
    }

    private static byte[] Write(JsonElement file, JsonElement test)
    {
        var blob = new MemoryStream();
        using SealedBlobWriteStream writer = SealedBlob.CreateWriter(blob, file.Bytes("key"), file.Bytes("context"), file.Bytes("salt"), leaveOpen: true);
        writer.Write(Plain(test));
        writer.Complete();
        return blob.ToArray();
    }

    /// <summary>Reads with the case's own key and context where it has them, else with the file's.</summary>
    private static byte[] Read(JsonElement test, JsonElement file, byte[] blob)
    {
        byte[] key = (test.TryGetProperty("key", out _) ? test : file).Bytes("key");
        byte[] context = (test.TryGetProperty("context", out _) ? test : file).Bytes("context");
        using SealedBlobReadStream reader = SealedBlob.OpenReader(new MemoryStream(blob), key, context);
        var plain = new MemoryStream();
        reader.CopyTo(plain);
        return plain.ToArray();
    }

    private static byte[] Damage(JsonElement test, byte[] blob)
    {
        byte[] damaged = [.. test.GetProperty("ranges").EnumerateArray().SelectMany(r => blob[r[0].GetInt32()..r[1].GetInt32()])];
        if (test.TryGetProperty("flip", out JsonElement flip))
            damaged[flip.GetInt32() is var at && at < 0 ? damaged.Length + at : at] ^= 1;
        return damaged;
    }

    private static byte[] Plain(JsonElement test) => [.. Enumerable.Range(0, test.GetProperty("plaintext_length").GetInt32()).Select(i => (byte)(i % 251))];
}
