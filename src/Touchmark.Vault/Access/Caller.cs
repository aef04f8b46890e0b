namespace Touchmark.Vault.Access;

/// <summary>Who asks. An endpoint takes it as a parameter; <see cref="AccessFeature.For{T}"/> on the endpoint says who may.</summary>
/// <param name="Name">As it is written into logs and reviews: <c>uid:1000</c>, or <c>token:</c> and the token's name.</param>
/// <param name="Roles">What it may do.</param>
internal sealed record Caller(string Name, Role Roles)
{
    public static ValueTask<Caller?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Caller>());
}
