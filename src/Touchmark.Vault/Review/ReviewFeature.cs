namespace Touchmark.Vault.Review;

/// <summary>Signals that never decide validity, and what people made of them.</summary>
internal static class ReviewFeature
{
    public static void AddReview(this IServiceCollection services) => services.AddSingleton<Reviewer>();

    public static void MapReview(this WebApplication app) => _ = app;
}
