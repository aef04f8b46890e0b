namespace Touchmark.Cryptography.Pkcs11;

/// <summary>Small data objects in a token, seen by its logged-in user alone and found by their label.</summary>
public static class TokenData
{
    /// <summary>Null when there is none.</summary>
    public static byte[]? ReadData(this Token token, string label) =>
        token.Run(label, static (session, name) => Find(session, name) is { } item ? session.Read(item, AttributeType.Value) : null);

    /// <summary>
    /// Makes the object, or replaces its value. SoftHSM lets no value be replaced: there the object is destroyed and made anew, and a crash in between leaves none.
    /// </summary>
    public static void WriteData(this Token token, string label, byte[] value) => token.Run((label, value), static (session, data) =>
    {
        if (Find(session, data.label) is { } item)
        {
            if (session.TryWrite(item, AttributeType.Value, data.value))
                return true;
            session.Destroy(item);
        }
        session.Create(Named(data.label).Add(AttributeType.Private, true).Add(AttributeType.Value, data.value));
        return true;
    });

    public static void DestroyData(this Token token, string label) => token.Run(label, static (session, name) =>
    {
        session.Find(Named(name)).ForEach(session.Destroy);
        return true;
    });

    private static nuint? Find(Session session, string label) => TokenKeys.One(session, Named(label), label);

    private static Template Named(string label) =>
        new Template().Add(AttributeType.Class, ObjectClass.Data).Add(AttributeType.Token, true).Add(AttributeType.Label, label);
}
