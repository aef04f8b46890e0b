namespace Touchmark.Evidence.Verification.Vault;

/// <summary>The statements beside that which a file is about, as far as nobody has looked at them yet.</summary>
internal static class RelatedParts
{
    /// <summary>Takes the first one that is wanted out of the list; null where there is none.</summary>
    public static RelatedStatement? TakeFirst(this List<RelatedStatement> left, Predicate<RelatedStatement> isWanted)
    {
        var at = left.FindIndex(isWanted);
        if (at < 0)
        {
            return null;
        }
        var found = left[at];
        left.RemoveAt(at);
        return found;
    }
}
