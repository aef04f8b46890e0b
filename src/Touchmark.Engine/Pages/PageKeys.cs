using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Touchmark.Engine.Keys;
using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Pages;

/// <summary>Keeps the keys that seal antiforgery tokens in the database, wrapped under the master key, so that all nodes share them and a restart breaks no form.</summary>
internal sealed class PageKeys(Database database, EngineKeys keys, TimeProvider time) : IXmlRepository
{
    // The framework's interface is synchronous; this runs a few times in a process's life.
    public IReadOnlyCollection<XElement> GetAllElements() =>
        [.. database.QueryAsync<KeyRow>("select id, wrapped from page_keys", null, CancellationToken.None).GetAwaiter().GetResult().Select(Open)];

    public void StoreElement(XElement element, string friendlyName)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        var wrapped = keys.Wrap(Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting)), Context(id));
        database.ExecuteAsync("insert into page_keys (id, wrapped) values (@Id, @Wrapped)", new { Id = id, Wrapped = wrapped }, CancellationToken.None).GetAwaiter().GetResult();
    }

    private static string Context(Guid id) => $"page-key/{id:D}";

    private XElement Open(KeyRow row)
    {
        using var plain = keys.Unwrap(row.Wrapped, Context(row.Id));
        return XElement.Parse(Encoding.UTF8.GetString(plain.Span));
    }

    private sealed record KeyRow
    {
        public Guid Id { get; init; }

        public byte[] Wrapped { get; init; } = [];
    }
}
