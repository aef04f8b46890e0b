namespace Touchmark.Engine.Keys;

/// <summary>The engine's keys, and the trust that others pin.</summary>
internal static class KeysFeature
{
    public static void AddKeys(this IServiceCollection services)
    {
        services.AddSingleton<EngineKeys>();
        services.AddHostedService(provider => provider.GetRequiredService<EngineKeys>());
        services.AddSingleton<EngineStatements>();
    }

    public static void MapKeys(this WebApplication app) =>
        app.MapGet("/api/trust", (EngineStatements statements) => statements.TrustJson).WithSummary("The public keys that sign this engine's statements and the policy of its log: pin them to verify offline.");
}
