namespace Touchmark.Cryptography.Pkcs11;

/// <summary>
/// Small data objects in a token, seen by its logged-in user alone and found by their label. Their values are never replaced: some modules let them be (tpm2-pkcs11),
/// others do not (SoftHSM), and a new object beside the old one can be written by two without either destroying what the other wrote.
/// </summary>
public static class TokenData
{
    /// <summary>The values of all objects with the label, in no order.</summary>
    public static IReadOnlyList<byte[]> ReadData(this Token token, string label) =>
        token.Run(label, static (session, name) => session.Find(Named(name)).ConvertAll(item => session.Read(item, AttributeType.Value)));

    /// <summary>Makes one more object.</summary>
    public static void CreateData(this Token token, string label, byte[] value) => token.Run((label, value), static (session, data) =>
        session.Create(Named(data.label).Add(AttributeType.Private, true).Add(AttributeType.Value, data.value)));

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
