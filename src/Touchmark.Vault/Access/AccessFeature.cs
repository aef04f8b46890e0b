using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Touchmark.Cryptography;
using Touchmark.Hosting.Problems;

namespace Touchmark.Vault.Access;

/// <summary>Who may do what: over the Unix socket the kernel says who asks, over TCP a token does. Without a role nothing is done but to verify.</summary>
internal static class AccessFeature
{
    public static void AddAccess(this IServiceCollection services)
    {
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<CallerFinder>();
    }

    /// <summary>Refuses whoever may not. It stands behind the routing, and in front of what reads a body.</summary>
    public static void UseAccess(this WebApplication app) => app.Use(app.Services.GetRequiredService<CallerFinder>().AdmitAsync);

    /// <summary>The endpoint is for callers with one of these roles. One that says nothing is for nobody.</summary>
    public static T For<T>(this T endpoint, Role roles)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new Admission(roles));

    /// <summary>The endpoint is for everybody.</summary>
    public static T ForEverybody<T>(this T endpoint)
        where T : IEndpointConventionBuilder => endpoint.WithMetadata(new Admission(null));

    /// <summary>Who is at the other end of the vault's socket; null over TCP.</summary>
    public static PeerCredentials? PeerOf(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket is { AddressFamily: AddressFamily.Unix } socket ? PeerCredentials.Of(socket) : null;

    /// <param name="Roles">One of them is needed; null for none.</param>
    private sealed record Admission(Role? Roles);

    private sealed class CallerFinder(VaultOptions options, AccessTokens tokens)
    {
        public async Task AdmitAsync(HttpContext context, RequestDelegate next)
        {
            // Answers of the routing itself (405, 415) are no address of ours.
            if (context.GetEndpoint() is not RouteEndpoint endpoint)
            {
                await next(context);
                return;
            }

            var needed = endpoint.Metadata.GetMetadata<Admission>();
            if (needed is not { Roles: null })
            {
                var caller = await FindAsync(context);
                if (caller is null)
                {
                    context.Response.Headers.WWWAuthenticate = "Bearer";
                    await new Refusal(StatusCodes.Status401Unauthorized, "UNAUTHENTICATED", "This request needs a caller that the vault knows.",
                        "Call over the vault's socket as a user with a role, or send a token of 'touchmark-vault token add' as 'Authorization: Bearer …'.").ExecuteAsync(context);
                    return;
                }

                if ((caller.Roles & (needed?.Roles ?? Role.None)) == Role.None)
                {
                    await Refusal.Forbidden($"{caller.Name} has no role that allows this.", "Ask whoever runs the vault for the role.")
                        .With("caller", caller.Name).With("roles", Roles.Write(caller.Roles)).With("needed", Roles.Write(needed?.Roles ?? Role.None)).ExecuteAsync(context);
                    return;
                }

                context.Features.Set(caller);
            }

            await next(context);
        }

        private async ValueTask<Caller?> FindAsync(HttpContext context)
        {
            if (context.Request.Headers.Authorization is [{ } header])
            {
                return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? await tokens.FindAsync(header["Bearer ".Length..].Trim(), context.RequestAborted) : null;
            }

            return PeerOf(context) is { } peer
                ? new Caller($"uid:{peer.Uid}", options.Peers.Where(rule => rule.Fits(peer)).Aggregate(Role.None, (roles, rule) => roles | rule.Role))
                : null;
        }
    }
}
