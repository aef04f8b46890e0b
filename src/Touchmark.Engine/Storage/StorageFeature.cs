namespace Touchmark.Engine.Storage;

internal static class StorageFeature
{
    public static void AddStorage(this IServiceCollection services)
    {
        services.AddSingleton(provider =>
        {
            DataFolder.Create(provider.GetRequiredService<EngineOptions>().Data);
            return Dialect.For(provider.GetRequiredService<EngineOptions>());
        });
        services.AddSingleton<Database>();
        services.AddSingleton<Migrations>();
        services.AddSingleton(provider => new BlobStore(Path.Combine(provider.GetRequiredService<EngineOptions>().Data, "blobs")));
    }
}
