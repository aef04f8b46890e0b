using System.Net;
using System.Net.Sockets;

namespace Touchmark.Engine.Web;

/// <summary>Where a request comes from, as limits count it: an IPv4 address, or the 64 bits of an IPv6 address that name a network, in which one host has any number of addresses.</summary>
internal static class Place
{
    public static string Of(HttpContext context) => Of(context.Connection.RemoteIpAddress);

    public static string Of(IPAddress? address)
    {
        if (address is null)
        {
            return "";
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }
}
