using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Touchmark.GCode.Tests;

public sealed class CanonicalFormTests
{
    private sealed record Vector(string Name, string Raw, string Canonical, string Sha256);

    [Fact]
    public void Every_vector_has_its_canonical_form_and_hash() => Assert.All(Given.Vectors<Vector>("canonical"), vector =>
    {
        Assert.Equal(vector.Canonical, Encoding.ASCII.GetString(Given.Canonical(Given.Bytes(vector.Raw))));
        Assert.Equal(vector.Sha256, Convert.ToHexStringLower(CanonicalHash.Compute(Given.Bytes(vector.Raw))));
    });

    [Fact]
    public void Canonicalising_twice_changes_nothing() => Check.QuickThrowOnFailure(Prop.ForAll(
        Programs.Hostile, raw =>
        {
            byte[] once = Given.Canonical(raw);
            return Given.Canonical(once).AsSpan().SequenceEqual(once);
        }));

    [Fact]
    public void Canonical_text_is_printable_ASCII_without_empty_lines_or_comments() => Check.QuickThrowOnFailure(Prop.ForAll(
        Programs.Hostile, raw =>
        {
            string text = Encoding.Latin1.GetString(Given.Canonical(raw));
            return text.All(c => c is '\n' or (>= ' ' and <= '~')) && !text.Contains(';') && !text.StartsWith('\n')
                && !text.Contains("\n\n", StringComparison.Ordinal) && (text.Length == 0 || text[^1] == '\n');
        }));

    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public void The_quick_scanner_agrees_with_the_line_writer(int copies)
    {
        Check.QuickThrowOnFailure(Prop.ForAll(Programs.Plausible, Agrees));
        Check.QuickThrowOnFailure(Prop.ForAll(Programs.Hostile, Agrees));

        bool Agrees(byte[] raw)
        {
            byte[] text = [.. Enumerable.Repeat(raw, copies).SelectMany(part => part)];
            return CanonicalHash.Compute(text).AsSpan().SequenceEqual(SHA256.HashData(Given.Canonical(text)));
        }
    }

    [Theory]
    [InlineData("prusaslicer")]
    [InlineData("cura")]
    [InlineData("orcaslicer")]
    [InlineData("bambustudio")]
    public async Task Memory_stream_check_and_line_writer_give_one_hash(string sample)
    {
        byte[] raw = Given.Sample(sample);
        byte[] expected = SHA256.HashData(Given.Canonical(raw));

        Assert.Equal(expected, CanonicalHash.Compute(raw));
        Assert.Equal(expected, await CanonicalHash.ComputeAsync(new Trickle(raw, 7), TestContext.Current.CancellationToken));
        Assert.Equal(expected, (await Given.CheckAsync(raw)).CanonicalSha256);
    }

    [Fact]
    public async Task A_long_text_hashes_alike_however_it_arrives()
    {
        byte[] sample = Given.Sample("prusaslicer");
        byte[] raw = [.. Enumerable.Repeat(sample, 40).SelectMany(part => part), .. Given.Bytes(new string('x', 300_000) + "\nG1 X1\n;" + new string('y', 300_000))];
        byte[] expected = SHA256.HashData(Given.Canonical(raw));

        Assert.Equal(expected, CanonicalHash.Compute(raw));
        Assert.Equal(expected, await CanonicalHash.ComputeAsync(new Trickle(raw, 50_021), TestContext.Current.CancellationToken));
        Assert.Equal(expected, (await Given.CheckAsync(raw)).CanonicalSha256);
    }

    [Fact]
    public void Line_ends_comments_and_spelling_do_not_change_the_hash()
    {
        byte[] raw = Given.Sample("prusaslicer");
        string text = Encoding.ASCII.GetString(raw);
        string respelt = text.Replace("\n", " ; comment\r\n", StringComparison.Ordinal).Replace(" E.", " E0.", StringComparison.Ordinal).Replace("G1 X", "g01  x", StringComparison.Ordinal);

        Assert.NotEqual(text, respelt);
        Assert.Equal(CanonicalHash.Compute(raw), CanonicalHash.Compute(Given.Bytes(respelt)));
    }

    [Fact]
    public void One_changed_digit_changes_the_hash()
    {
        byte[] raw = Given.Sample("prusaslicer");
        byte[] changed = [.. raw];
        int at = raw.AsSpan().IndexOf("G1 X"u8) + 4;
        changed[at] = changed[at] == (byte)'1' ? (byte)'2' : (byte)'1';

        Assert.NotEqual(CanonicalHash.Compute(raw), CanonicalHash.Compute(changed));
    }
}

/// <summary>A stream that gives a few bytes at a time.</summary>
internal sealed class Trickle(byte[] content, int most) : MemoryStream(content)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(buffer.Length, most)], cancellationToken);
}
