using Touchmark.Hosting.Problems;

namespace Touchmark.Engine.Web;

internal static class Refusals
{
    extension(Refusal)
    {
        /// <summary>Whether a thing is missing or another's is not told.</summary>
        public static Refusal NotFound(string what) =>
            Refusal.NotFound($"There is no such {what}, or it is not yours to see.", $"Check the id; list what you may see under /api/{what}s.");
    }
}
