using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Touchmark.Cryptography.Shares;

namespace Touchmark.Cryptography.Tests.Shares;

public sealed class SecretSharingTests
{
    private static readonly byte[] Secret = [.. Enumerable.Range(0, 32).Select(at => (byte)(7 * at))];

    public static TheoryData<string, string[], string> Vectors()
    {
        var data = new TheoryData<string, string[], string>();
        foreach (JsonElement vector in VectorFile.ReadBesideTests("Shares/vectors.json").EnumerateArray())
            data.Add(vector[0].GetString()!, [.. vector[1].EnumerateArray().Select(share => share.GetString()!)], vector[2].GetString()!);
        return data;
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Shares_are_combined_and_refused_as_the_standard_says(string description, string[] mnemonics, string secret)
    {
        ShareProblem? problem = Combine(mnemonics, "TREZOR"u8, out string? combined);
        Assert.True(secret == (combined ?? ""), $"{description}: {problem}");
    }

    [Fact]
    public void All_vectors_of_the_standard_are_run() => Assert.Equal(45, Vectors().Count);

    [Fact]
    public void Shares_are_written_as_they_were_read()
    {
        foreach (string mnemonic in Vectors().SelectMany(vector => vector.Data.Item2))
        {
            if (MnemonicShare.TryRead(Encoding.ASCII.GetBytes(mnemonic), out MnemonicShare? share, out _))
                Assert.Equal(mnemonic, Text(share));
        }
    }

    [Fact]
    public void Any_shares_of_the_right_number_give_the_secret_back()
    {
        var policy = from count in Gen.Choose(1, SecretSharing.MaxShares)
                     from threshold in Gen.Choose(Math.Min(2, count), count)
                     from chosen in Gen.Shuffle(Enumerable.Range(0, count))
                     from length in Gen.Elements(16, 32, 34, 64)
                     from secret in Gen.ArrayOf(ArbMap.Default.GeneratorFor<byte>(), length)
                     select (count, threshold, chosen: chosen[..threshold], secret);
        Prop.ForAll(policy.ToArbitrary(), drawn =>
        {
            string[] written = Split(drawn.secret, drawn.threshold, drawn.count);
            return Combine([.. drawn.chosen.Select(member => written[member])], [], out string? combined) is null && combined == Convert.ToHexStringLower(drawn.secret);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(40));
    }

    [Fact]
    public void Too_few_shares_are_refused_with_the_number_that_is_needed()
    {
        ShareProblem? problem = Combine(Split(Secret, 3, 5)[..2], [], out string? combined);
        Assert.Null(combined);
        Assert.Equal(new ShareProblem("SHARES_TOO_FEW", "3 shares are needed, 2 were given."), problem);
    }

    [Fact]
    public void More_shares_than_are_needed_are_refused() => Assert.Equal("SHARES_TOO_MANY", Combine(Split(Secret, 2, 3), [], out _)?.Code);

    [Fact]
    public void Shares_of_two_secrets_are_refused() =>
        Assert.Equal("SHARES_MIXED", Combine(["shadow pistol academic always adequate wildlife fancy gross oasis cylinder mustang wrist rescue view short owner flip making coding armed",
            "adequate smoking academic acid debut wine petition glen cluster slow rhyme slow simple epidemic rumor junk tracks treat olympic tolerate"], [], out _)?.Code);

    [Fact]
    public void One_share_given_twice_is_refused()
    {
        string share = Split(Secret, 2, 3)[0];
        Assert.Equal("SHARE_TWICE", Combine([share, share], [], out _)?.Code);
    }

    [Fact]
    public void No_share_gives_no_secret() => Assert.Equal("SHARES_TOO_FEW", Combine([], [], out _)?.Code);

    [Fact]
    public void Share_that_was_altered_with_a_right_checksum_gives_no_secret()
    {
        using var altered = new Shared(Secret, 2, 3);
        altered.Shares[0].Value.Span[5] ^= 1;
        Assert.False(SecretSharing.TryCombine([.. altered.Shares.Take(2)], [], out _, out ShareProblem? problem));
        Assert.Equal("SHARES_WRONG", problem.Code);
    }

    [Fact]
    public void Every_wrong_or_exchanged_word_is_found()
    {
        string[] words = Split(Secret, 2, 3)[0].Split(' ');
        for (int at = 0; at < words.Length; at++)
        {
            string[] wrong = [.. words];
            wrong[at] = words[at] == "academic" ? "acid" : "academic";
            Assert.Equal("SHARE_CHECKSUM", Read(string.Join(' ', wrong))?.Code);
            if (at + 1 < words.Length && words[at] != words[at + 1])
            {
                string[] exchanged = [.. words];
                (exchanged[at], exchanged[at + 1]) = (words[at + 1], words[at]);
                Assert.Equal("SHARE_CHECKSUM", Read(string.Join(' ', exchanged))?.Code);
            }
        }
    }

    [Fact]
    public void Words_may_be_typed_in_any_case_by_their_first_letters_and_on_several_lines()
    {
        string share = Split(Secret, 2, 3)[1];
        string typed = "  " + string.Join("\r\n\t", share.Split(' ').Select((word, at) => at % 2 == 0 ? word[..4].ToUpperInvariant() : word)) + "\n";
        Assert.True(MnemonicShare.TryRead(Encoding.ASCII.GetBytes(typed), out MnemonicShare? read, out _));
        Assert.Equal(share, Text(read));
    }

    [Fact]
    public void Unknown_word_is_told_by_its_place_and_never_repeated()
    {
        ShareProblem problem = Read("duckling enlarge academic sesame")!;
        Assert.Equal("SHARE_WORD", problem.Code);
        Assert.Contains("Word 4", problem.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", problem.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_that_are_no_share_are_refused_whatever_they_hold() =>
        Prop.ForAll<byte[]>(bytes => Read(bytes) is not null).QuickCheckThrowOnFailure();

    [Fact]
    public void Texts_without_end_are_refused()
    {
        Assert.Equal("SHARE_LENGTH", Read(new byte[MnemonicShare.MaxText + 1])?.Code);
        Assert.Equal("SHARE_LENGTH", Read(string.Join(' ', Enumerable.Repeat("acid", MnemonicShare.MaxWords + 1)))?.Code);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(3, 2)]
    [InlineData(2, 17)]
    public void Thresholds_that_the_standard_does_not_have_are_refused(int threshold, int count) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SecretSharing.Split(Secret, threshold, count));

    [Fact]
    public void Every_element_but_zero_has_an_inverse()
    {
        for (int value = 1; value < 256; value++)
            Assert.Equal(1, Gf256.Multiply((byte)value, Gf256.Invert((byte)value)));
        // FIPS 197, 4.2.
        Assert.Equal(0xC1, Gf256.Multiply(0x57, 0x83));
    }

    private static ShareProblem? Combine(string[] mnemonics, ReadOnlySpan<byte> passphrase, out string? combined)
    {
        combined = null;
        var shares = new List<MnemonicShare>();
        try
        {
            foreach (string mnemonic in mnemonics)
            {
                if (!MnemonicShare.TryRead(Encoding.ASCII.GetBytes(mnemonic), out MnemonicShare? share, out ShareProblem? wrong))
                    return wrong;
                shares.Add(share);
            }
            if (!SecretSharing.TryCombine(shares, passphrase, out LockedBuffer? secret, out ShareProblem? problem))
                return problem;
            combined = Convert.ToHexStringLower(secret.Span);
            secret.Dispose();
            return null;
        }
        finally
        {
            shares.ForEach(share => share.Dispose());
        }
    }

    private static string[] Split(byte[] secret, int threshold, int count)
    {
        using var shared = new Shared(secret, threshold, count);
        return [.. shared.Shares.Select(Text)];
    }

    private static ShareProblem? Read(string text) => Read(Encoding.ASCII.GetBytes(text));

    private static ShareProblem? Read(byte[] text)
    {
        if (!MnemonicShare.TryRead(text, out MnemonicShare? share, out ShareProblem? problem))
            return problem;
        share.Dispose();
        return null;
    }

    private static string Text(MnemonicShare share)
    {
        using LockedBuffer text = share.ToText();
        return Encoding.ASCII.GetString(text.Span);
    }

    private sealed class Shared(byte[] secret, int threshold, int count) : IDisposable
    {
        public IReadOnlyList<MnemonicShare> Shares { get; } = SecretSharing.Split(secret, threshold, count);

        public void Dispose()
        {
            foreach (MnemonicShare share in Shares)
                share.Dispose();
        }
    }
}
