using Touchmark.Hosting.Storage;

namespace Touchmark.Engine.Storage;

internal static class StorageFeature
{
    public static void AddStorage(this IServiceCollection services)
    {
        services.AddSingleton(provider =>
        {
            var options = provider.GetRequiredService<EngineOptions>();
            DataFolder.Create(options.Data);
            return Dialect.For(options.Database, options.Data);
        });
        services.AddSingleton<Database>();
        services.AddSingleton(provider => ActivatorUtilities.CreateInstance<Migrations>(provider, typeof(StorageFeature).Assembly));
        services.AddSingleton(provider => new BlobStore(Path.Combine(provider.GetRequiredService<EngineOptions>().Data, "blobs")));
    }
}
