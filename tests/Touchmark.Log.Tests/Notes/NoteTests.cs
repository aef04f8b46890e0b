using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography;
using Touchmark.Log.Notes;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Tests.Notes;

public sealed class NoteTests
{
    [Fact]
    public void Notes_and_keys_are_judged_as_the_vectors_say()
    {
        foreach (var item in Vectors.Cases("notes.json"))
        {
            var why = item.TextOrNull("why");
            if (item.Text("expect") is "unreadable")
            {
                Assert.False(SignedNote.TryParse(Encoding.UTF8.GetBytes(item.Text("note")), out _, out var unreadable), why);
                Assert.NotEmpty(unreadable);
                continue;
            }
            var read = NoteKey.TryParse(item.Text("vkey"), out var key, out var problem);
            if (item.Text("expect") is "no key")
            {
                Assert.False(read, why);
                continue;
            }
            Assert.True(read, problem);
            Assert.Equal(item.Text("vkey"), key!.Text);
            if (item.Text("expect") is "key")
            {
                Assert.Equal(item.Text("key_id"), key.Id.ToString("x8", null));
                continue;
            }
            var bytes = Encoding.UTF8.GetBytes(item.Text("note"));
            Assert.True(SignedNote.TryParse(bytes, out var note, out problem), problem);
            Assert.Equal(bytes, note.Encode());
            var check = note.Check(key);
            Assert.True(item.Text("expect").Equals(check.State.ToString(), StringComparison.OrdinalIgnoreCase), $"{why}: {check.State}");
            Assert.Equal(item.TryGetProperty("time", out var time) ? time.GetInt64() : null, check.Time?.ToUnixTimeSeconds());
        }
    }

    [Fact]
    public void Signatures_are_byte_for_byte_those_of_the_other_implementation()
    {
        var items = Vectors.Cases("notes.json").Where(item => item.TryGetProperty("seed", out _)).ToList();
        Assert.Equal(2, items.Count);
        foreach (var item in items)
        {
            Assert.True(SignedNote.TryParse(Encoding.UTF8.GetBytes(item.Text("note")), out var note, out _));
            Assert.True(NoteKey.TryParse(item.Text("vkey"), out var key, out _));
            using var signer = new Ed25519Signer(Convert.FromHexString(item.Text("seed")));
            var made = key.Type == NoteKeyType.Cosignature
                ? new Cosigner(key.Name, signer).Sign(note.Text, DateTimeOffset.FromUnixTimeSeconds(item.Number("time")))
                : new NoteSigner(key.Name, signer).Sign(note.Text);
            Assert.Contains(made.Line, note.Signatures.Select(signature => signature.Line));
        }
    }

    [Fact]
    public void Checkpoints_are_taken_and_refused_as_the_vectors_say()
    {
        foreach (var item in Vectors.Cases("checkpoints.json"))
        {
            var taken = Checkpoint.TryParse(item.Text("text"), out var checkpoint, out var problem);
            if (item.TextOrNull("refused") is { } why)
            {
                Assert.False(taken, why);
                Assert.NotEmpty(problem!);
                continue;
            }
            Assert.True(taken, problem);
            Assert.Equal(item.Number("size"), checkpoint!.Size);
            Assert.Equal(item.TryGetProperty("extensions", out var lines) ? [.. lines.EnumerateArray().Select(line => line.GetString()!)] : [], checkpoint.Extensions);
            Assert.Equal(item.Text("text"), checkpoint.Text);
        }
    }

    [Fact]
    public void A_log_signs_with_both_keys_and_an_altered_text_makes_both_wrong()
    {
        var signed = SignedCheckpoint.Sign(new(Keys.Origin, 5, TreeHash.EmptyRoot), Keys.Log);
        Assert.All(Keys.LogKeys, key => Assert.Equal(NoteSignatureState.Valid, signed.Note.Check(key).State));
        Assert.True(SignedCheckpoint.TryParse(signed.Encode(), out var read, out _));
        Assert.Equal(signed.Encode(), read.Encode());
        var altered = read.Note with { Text = read.Note.Text.Replace("\n5\n", "\n6\n", StringComparison.Ordinal) };
        Assert.All(Keys.LogKeys, key => Assert.Equal(NoteSignatureState.Wrong, altered.Check(key).State));
    }

    [Fact]
    public void One_wrong_line_of_a_known_key_is_not_made_good_by_a_right_one()
    {
        var note = SignedCheckpoint.Sign(new(Keys.Origin, 5, TreeHash.EmptyRoot), Keys.Log).Note;
        var forged = note.Signatures[0] with { Value = new byte[64] };
        Assert.Equal(NoteSignatureState.Wrong, (note with { Signatures = [forged, .. note.Signatures] }).Check(Keys.LogKeys[0]).State);
        Assert.Equal(NoteSignatureState.Wrong, (note with { Signatures = [.. note.Signatures, forged] }).Check(Keys.LogKeys[0]).State);
    }

    [Fact]
    public void The_latest_time_of_a_witness_that_signed_twice_counts()
    {
        var text = new Checkpoint(Keys.Origin, 5, TreeHash.EmptyRoot).Text;
        var witness = Keys.Witnesses[0];
        NoteSignature[] lines = [.. new long[] { 100, 300, 200 }.Select(time => witness.Sign(text, DateTimeOffset.FromUnixTimeSeconds(time)))];
        Assert.Equal(300, new SignedNote(text, lines).Check(witness.Key).Time!.Value.ToUnixTimeSeconds());
    }

    [Fact]
    public void What_is_written_is_read_back_and_mutations_never_throw()
    {
        var texts = Gen.Elements("a", "log.example/x", "\n", "\n\n", "é", "— a b\n", "+", " ", "漢", "123").ListOf(12).Select(parts => string.Concat(parts) + "\n");
        var names = Gen.Elements("a", "log.example/one", "oid/1.2.3", "ünï", "漢字", "—");
        var notes = texts.SelectMany(text => names.SelectMany(name => Gen.Choose(1, 4).Select(count => new SignedNote(text,
            [.. Enumerable.Range(0, count).Select(i => new NoteSignature(name, (uint)i * 77, new byte[1 + (i * 20)]))]))));
        var damages = Gen.Choose(0, 1 << 20).SelectMany(at => Gen.Choose(0, 255).Select(value => (at, value)));
        Check.QuickThrowOnFailure(Prop.ForAll(notes.ToArbitrary(), damages.ToArbitrary(), (note, damage) =>
        {
            var bytes = note.Encode();
            Assert.True(SignedNote.TryParse(bytes, out var read, out var problem), problem);
            Assert.Equal(bytes, read.Encode());
            Assert.Equal(note.Text, read.Text);
            bytes[damage.at % bytes.Length] = (byte)damage.value;
            if (SignedNote.TryParse(bytes, out read, out _))
            {
                Assert.Equal(bytes, read.Encode());
                Assert.NotEqual(NoteSignatureState.Valid, read.Check(Keys.LogKeys[0]).State);
            }
            _ = SignedCheckpoint.TryParse(bytes, out _, out _);
        }));
    }

    [Fact]
    public void A_note_of_any_size_is_refused_before_it_is_taken_apart()
    {
        Assert.False(SignedNote.TryParse(new byte[SignedNote.MaxSize + 1], out _, out var problem));
        Assert.Contains("at most", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Sixteen_post_quantum_signatures_fit()
    {
        var note = new SignedNote("text\n", [.. Enumerable.Range(0, 16).Select(i => new NoteSignature("a", (uint)i, new byte[5000]))]);
        Assert.True(SignedNote.TryParse(note.Encode(), out _, out var problem), problem);
    }

    [Fact]
    public void The_numbers_of_signature_types_are_frozen()
    {
        // They are in the keys and key ids of everything that was ever signed. To add a type is fine, to change one is not.
        Assert.Equal([0x01, 0x04, 0xff], Enum.GetValues<NoteKeyType>().Select(type => (int)type));
        Assert.Equal("touchmark.org/ml-dsa-65", NoteKey.MlDsa65Identifier);
    }
}
