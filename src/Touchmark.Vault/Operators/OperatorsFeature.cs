namespace Touchmark.Vault.Operators;

/// <summary>Who worked at the printer: tokens of the customer's own identity provider.</summary>
internal static class OperatorsFeature
{
    public static void AddOperators(this IServiceCollection services) => services.AddSingleton<OperatorTokens>();

}
