namespace Touchmark.Cryptography.Pkcs11;

/// <summary>A data object of a token; void when its login is.</summary>
public sealed class TokenItem
{
    internal TokenItem(Connection connection, nuint handle) => (Connection, Handle) = (connection, handle);

    internal Connection Connection { get; }

    internal nuint Handle { get; }
}

/// <summary>
/// Small data objects in a token, seen by its logged-in user alone and found by their label. Their values are never replaced: some modules let them be (tpm2-pkcs11),
/// others do not (SoftHSM), and a new object beside the old one can be written by two without either destroying what the other wrote.
/// </summary>
public static class TokenData
{
    /// <summary>The values of all objects with the label, in no order.</summary>
    public static IReadOnlyList<byte[]> ReadData(this Token token, string label) => [.. token.FindData(label).Select(found => found.Value)];

    /// <summary>All objects with the label, in no order. A token may look at each object that it holds for this.</summary>
    public static IReadOnlyList<(TokenItem Item, byte[] Value)> FindData(this Token token, string label) => token.Run(label, static (session, name) =>
        session.Find(Named(name)).ConvertAll(item => (new TokenItem(session.Connection, item), session.Read(item, AttributeType.Value))));

    /// <summary>The value of an object that was found or made before; null when it is not there any more, or the login has changed.</summary>
    public static byte[]? ReadData(this Token token, TokenItem item) => token.Run(item, static (session, known) =>
    {
        try
        {
            return known.Connection == session.Connection ? session.Read(known.Handle, AttributeType.Value) : null;
        }
        catch (Pkcs11Exception gone) when (gone.Result is CkResult.CKR_OBJECT_HANDLE_INVALID)
        {
            return null;
        }
    });

    /// <summary>Makes one more object.</summary>
    public static TokenItem CreateData(this Token token, string label, byte[] value) => token.Run((label, value), static (session, data) => new TokenItem(
        session.Connection, session.Create(Named(data.label).Add(AttributeType.Private, true).Add(AttributeType.Value, data.value))));

    /// <summary>Destroys one object, if it is there.</summary>
    public static void DestroyData(this Token token, TokenItem item) => token.Run(item, static (session, known) =>
    {
        try
        {
            if (known.Connection == session.Connection)
                session.Destroy(known.Handle);
            return true;
        }
        catch (Pkcs11Exception gone) when (gone.Result is CkResult.CKR_OBJECT_HANDLE_INVALID)
        {
            return true; // it is not there
        }
    });

    /// <summary>Destroys those objects with the label that <paramref name="choose"/> picks, by their values. It sees all of them first, and may throw.</summary>
    public static void DestroyData(this Token token, string label, Func<IReadOnlyList<byte[]>, Predicate<byte[]>> choose) => token.Run((label, choose), static (session, data) =>
    {
        var found = session.Find(Named(data.label)).ConvertAll(item => (Item: item, Value: session.Read(item, AttributeType.Value)));
        Predicate<byte[]> goes = data.choose(found.ConvertAll(item => item.Value));
        foreach (var (item, _) in found.Where(item => goes(item.Value)))
            session.Destroy(item);
        return true;
    });

    /// <summary>Destroys all objects with the label.</summary>
    public static void DestroyData(this Token token, string label) => token.DestroyData(label, static _ => static _ => true);

    private static Template Named(string label) =>
        new Template().Add(AttributeType.Class, ObjectClass.Data).Add(AttributeType.Token, true).Add(AttributeType.Label, label);
}
