namespace Touchmark.Vault.Operators;

/// <summary>Who worked at the printer: tokens of the customer's own identity provider.</summary>
internal static class OperatorsFeature
{
    public static void AddOperators(this IServiceCollection services) => services.AddSingleton(provider =>
    {
        var options = OperatorOptions.Read(provider.GetRequiredService<IConfiguration>());
        var time = provider.GetRequiredService<TimeProvider>();
        return new OperatorTokens(options, options is null ? null : new ProviderKeys(options, Client(), time), time);
    });

    /// <summary>A client that does not wait long, reads little and goes nowhere else than it was told.</summary>
    private static HttpClient Client() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(3), PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = TimeSpan.FromSeconds(5),
        MaxResponseContentBufferSize = JsonWebKey.MaxSet,
    };
}
