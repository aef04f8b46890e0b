using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Touchmark.Cryptography.Shares;

/// <summary>
/// Shamir's secret sharing as SLIP-0039 has it: so many of so many shares give the secret back, fewer say nothing about it. Shares that other programs made in several
/// groups are combined as well.
/// </summary>
public static class SecretSharing
{
    /// <summary>Most shares of one secret.</summary>
    public const int MaxShares = 16;

    private const byte SecretPlace = 255;
    private const byte DigestPlace = 254;
    private const int DigestSize = 4;
    private const int MinSecret = 16;
    private const int MaxSecret = 64;

    /// <summary>Splits a secret.</summary>
    /// <param name="secret">16 to 64 bytes, an even number; wiping it stays the caller's job.</param>
    /// <param name="threshold">How many shares are needed; 1 only where there is one.</param>
    /// <param name="count">How many there are, at most <see cref="MaxShares"/>.</param>
    /// <param name="passphrase">Printable ASCII, needed to combine; nothing tells whether it is the right one.</param>
    /// <returns>To be disposed by the caller.</returns>
    public static IReadOnlyList<MnemonicShare> Split(ReadOnlySpan<byte> secret, int threshold, int count, ReadOnlySpan<byte> passphrase = default)
    {
        if (secret.Length is < MinSecret or > MaxSecret || secret.Length % 2 != 0)
            throw new ArgumentException($"Must be {MinSecret} to {MaxSecret} bytes, an even number; is {secret.Length}.", nameof(secret));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxShares);
        if (threshold < 1 || threshold > count || (threshold == 1 && count > 1))
            throw new ArgumentOutOfRangeException(nameof(threshold), threshold, $"No threshold of {count} shares.");

        // The standard's defaults: one group, extendable, 20,000 iterations.
        var set = new ShareSet((ushort)RandomNumberGenerator.GetInt32(1 << 15), Extendable: true, IterationExponent: 1, GroupThreshold: 1, GroupCount: 1, secret.Length);
        using LockedBuffer encrypted = LockedBuffer.CopyOf(secret);
        SecretCipher.Encrypt(encrypted.Span, passphrase, set);
        using LockedBuffer values = SplitValue(encrypted.Span, threshold, count);
        var shares = new MnemonicShare[count];
        for (int member = 0; member < count; member++)
            shares[member] = new(set, groupIndex: 0, member, threshold, LockedBuffer.CopyOf(values.Span.Slice(member * secret.Length, secret.Length)));
        return shares;
    }

    /// <summary>Combines as many shares as are needed, no more; false and what is wrong with them otherwise. Never throws.</summary>
    /// <param name="shares">In any order.</param>
    /// <param name="passphrase">The one that they were made with.</param>
    /// <param name="secret">To be disposed by the caller.</param>
    /// <param name="problem">What is wrong.</param>
    public static bool TryCombine(
        IReadOnlyCollection<MnemonicShare> shares, ReadOnlySpan<byte> passphrase, [NotNullWhen(true)] out LockedBuffer? secret, [NotNullWhen(false)] out ShareProblem? problem)
    {
        ArgumentNullException.ThrowIfNull(shares);
        secret = null;
        List<IGrouping<int, MnemonicShare>> groups = [.. shares.GroupBy(share => share.GroupIndex)];
        problem = Problem(shares, groups);
        if (problem is not null)
            return false;

        ShareSet set = shares.First().Set;
        using var values = new LockedBuffer(groups.Count * set.SecretBytes);
        for (int group = 0; group < groups.Count; group++)
        {
            if (!TryRecover([.. groups[group]], set.SecretBytes, values.Span.Slice(group * set.SecretBytes, set.SecretBytes)))
                return Wrong(out problem);
        }
        var recovered = new LockedBuffer(set.SecretBytes);
        if (!TryRecoverValue([.. groups.Select(group => (byte)group.Key)], values.Span, recovered.Span))
        {
            recovered.Dispose();
            return Wrong(out problem);
        }
        SecretCipher.Decrypt(recovered.Span, passphrase, set);
        secret = recovered;
        return true;

        static bool Wrong(out ShareProblem? problem)
        {
            problem = new("SHARES_WRONG", "The shares do not give a secret: at least one of them was altered, or belongs to another secret that happens to look alike.");
            return false;
        }
    }

    private static ShareProblem? Problem(IReadOnlyCollection<MnemonicShare> shares, List<IGrouping<int, MnemonicShare>> groups)
    {
        if (groups.Count == 0)
            return new("SHARES_TOO_FEW", "There is no share.");
        if (shares.Select(share => share.Set).Distinct().Count() > 1)
            return new("SHARES_MIXED", "The shares belong to different secrets: those of one secret begin with the same two words.");
        foreach (IGrouping<int, MnemonicShare> group in groups)
        {
            int threshold = group.First().MemberThreshold;
            if (group.Any(share => share.MemberThreshold != threshold))
                return new("SHARES_MIXED", "The shares of one group differ in how many of them are needed.");
            if (group.DistinctBy(share => share.MemberIndex).Count() < group.Count())
                return new("SHARE_TWICE", "The same share was given twice.");
            if (group.Count() != threshold)
                return new(group.Count() < threshold ? "SHARES_TOO_FEW" : "SHARES_TOO_MANY", $"{threshold} shares are needed, {group.Count()} were given.");
        }
        int needed = shares.First().Set.GroupThreshold;
        return groups.Count == needed ? null
            : new(groups.Count < needed ? "SHARES_TOO_FEW" : "SHARES_TOO_MANY", $"Shares of {needed} groups are needed, those of {groups.Count} were given.");
    }

    /// <summary>The values of all shares, side by side (SplitSecret of the standard).</summary>
    private static LockedBuffer SplitValue(ReadOnlySpan<byte> secret, int threshold, int count)
    {
        int size = secret.Length;
        var values = new LockedBuffer(count * size);
        if (threshold == 1)
        {
            secret.CopyTo(values.Span);
            return values;
        }

        // The polynomials go through the secret, its digest, and as many random values as leave every coefficient free.
        int random = threshold - 2;
        byte[] places = [.. Enumerable.Range(0, random).Select(place => (byte)place), DigestPlace, SecretPlace];
        using var points = new LockedBuffer(threshold * size);
        RandomNumberGenerator.Fill(points.Span[..((random + 1) * size)]);
        Digest(points.Span.Slice(random * size + DigestSize, size - DigestSize), secret, points.Span.Slice(random * size, DigestSize));
        secret.CopyTo(points.Span[^size..]);
        points.Span[..(random * size)].CopyTo(values.Span);
        for (int member = random; member < count; member++)
            Gf256.Interpolate((byte)member, places, points.Span, values.Span.Slice(member * size, size));
        return values;
    }

    private static bool TryRecover(MnemonicShare[] members, int size, Span<byte> value)
    {
        using var values = new LockedBuffer(members.Length * size);
        for (int member = 0; member < members.Length; member++)
            members[member].Value.Span.CopyTo(values.Span[(member * size)..]);
        return TryRecoverValue([.. members.Select(member => (byte)member.MemberIndex)], values.Span, value);
    }

    /// <summary>RecoverSecret of the standard; false when the digest says that it is not the secret.</summary>
    private static bool TryRecoverValue(ReadOnlySpan<byte> places, ReadOnlySpan<byte> values, Span<byte> secret)
    {
        if (places.Length == 1)
        {
            values.CopyTo(secret);
            return true;
        }
        using var digest = new LockedBuffer(secret.Length);
        using var expected = new LockedBuffer(DigestSize);
        Gf256.Interpolate(SecretPlace, places, values, secret);
        Gf256.Interpolate(DigestPlace, places, values, digest.Span);
        Digest(digest.Span[DigestSize..], secret, expected.Span);
        return CryptographicOperations.FixedTimeEquals(digest.Span[..DigestSize], expected.Span);
    }

    private static void Digest(ReadOnlySpan<byte> key, ReadOnlySpan<byte> secret, Span<byte> digest)
    {
        using var whole = new LockedBuffer(HMACSHA256.HashSizeInBytes);
        HMACSHA256.HashData(key, secret, whole.Span);
        whole.Span[..DigestSize].CopyTo(digest);
    }
}
