using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Touchmark.Log.Tree;

namespace Touchmark.Log.Proofs;

/// <summary>Takes lines from the front of hostile bytes; each ends with a newline.</summary>
internal ref struct LineReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>What was not read yet.</summary>
    public ReadOnlySpan<byte> Rest { get; private set; } = bytes;

    /// <summary>The next line without its newline; false at the end, at a line that does not end, and at one that is not UTF-8.</summary>
    public bool TryRead(out ReadOnlySpan<char> line)
    {
        line = default;
        var end = Rest.IndexOf((byte)'\n');
        if (end < 0 || !Utf8.IsValid(Rest[..end]))
        {
            return false;
        }
        line = Encoding.UTF8.GetString(Rest[..end]);
        Rest = Rest[(end + 1)..];
        return true;
    }

    /// <summary>Hashes in base64, one a line, up to and with an empty line.</summary>
    public bool TryReadHashes([NotNullWhen(true)] out IReadOnlyList<TreeHash>? hashes, [NotNullWhen(false)] out string? problem)
    {
        hashes = null;
        var found = new List<TreeHash>();
        while (true)
        {
            if (!TryRead(out var line))
            {
                problem = "there is no empty line behind its hashes";
                return false;
            }
            if (line.Length == 0)
            {
                break;
            }
            if (found.Count == TreeProof.MaxHashes)
            {
                problem = $"it has more than {TreeProof.MaxHashes} hashes";
                return false;
            }
            if (!TreeHash.TryParse(line, out var hash))
            {
                problem = $"hash {found.Count + 1} is not the base64 of 32 bytes";
                return false;
            }
            found.Add(hash);
        }
        (hashes, problem) = (found, null);
        return true;
    }
}
