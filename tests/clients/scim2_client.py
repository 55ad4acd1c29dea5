"""The life of a user and a group as scim2-client lives it, with its checks of requests and answers fully on.

Usage: python -I scim2_client.py BASE_URL, with the secret in the environment variable SCIM_SECRET. Prints nothing and exits
with 0 if all is well. Without -I this file would hide the package of the same name.

The client learns everything from discovery, and raises whenever an answer is not what RFC 7643 and RFC 7644 allow it to be:
status, content type, unknown or missing attributes, wrong types, attributes that are never returned.
"""

import os
import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PatchOp, PatchOperation, SCIMException, SearchRequest


def refusal(status, call, *arguments):
    """The error that a call is refused with."""
    try:
        answer = call(*arguments)
    except SCIMException as exception:
        error = exception.to_error()
        assert int(error.status) == status, error
        return error
    raise AssertionError(f"{status} was due, not {answer!r}")


def patch(model, **operation):
    return PatchOp[model](operations=[PatchOperation(**operation)])


def discover(scim):
    scim.discover()
    names = [resource_type.name for resource_type in scim.provider.resource_types]
    assert names == ["User", "Group"], names
    config = scim.provider.config
    assert config.patch.supported and config.filter.supported and config.etag.supported
    assert config.authentication_schemes[0].type == "oauthbearertoken"
    return scim.get_resource_model("User"), scim.get_resource_model("Group")


def read_users(scim, User):
    emails = [{"value": "bjensen@example.com", "type": "work", "primary": True}]
    enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    user = User.model_validate({
        "schemas": [str(User.__schema__), enterprise],
        "userName": "bjensen@example.com",
        "externalId": "701984",
        "name": {"givenName": "Barbara", "familyName": "Jensen"},
        "emails": emails,
        "active": True,
        "password": "t1meMa$heen",
        enterprise: {"employeeNumber": "701984", "department": "Tour Operations"},
    })
    made = scim.create(user)
    assert made.id and made.meta.version == 'W/"1"', made
    assert made.name.family_name == "Jensen" and made.emails[0].primary is True
    assert made.password is None, "the password came back"
    assert refusal(409, scim.create, user).scim_type == "uniqueness"

    read = scim.query(User, made.id)
    assert read == made, (read, made)
    assert scim.query(read) is read, "304 was due for an unchanged user"
    for text in ['userName eq "BJENSEN@example.com"', 'name.familyName sw "Jen"', 'emails[type eq "work"]']:
        found = scim.query(User, query_parameters=SearchRequest(filter=text))
        assert found.total_results == 1 and found.resources == [read], (text, found)
    nobody = scim.query(User, query_parameters=SearchRequest(filter='userName eq "nobody"'))
    assert nobody.total_results == 0 and not nobody.resources, nobody
    few = scim.query(User, made.id, SearchRequest(attributes=["userName"]))
    assert few.user_name == read.user_name and few.name is None, few
    return read


def change_user(scim, User, user):
    stale = user.model_copy(deep=True)
    user.name.given_name = "Babs"
    replaced = scim.replace(user)
    assert replaced.name.given_name == "Babs" and replaced.meta.version == 'W/"2"', replaced
    assert replaced.meta.created == user.meta.created
    refusal(412, scim.replace, stale)
    off = scim.modify(replaced, patch(User, op="replace", path="active", value=False))
    assert off.active is False and off.meta.version == 'W/"3"', off
    second = patch(User, op="add", path="emails", value=[{"value": "babs@home.example", "type": "home"}])
    more = scim.modify(off, second)
    assert [email.type for email in more.emails] == ["work", "home"], more
    fewer = scim.modify(more, patch(User, op="remove", path='emails[type eq "work"]'))
    assert [email.value for email in fewer.emails] == ["babs@home.example"], fewer
    assert scim.query(User, user.id) == fewer
    return fewer


def live_in_groups(scim, User, Group, user):
    group = scim.create(Group(display_name="Tour Guides", members=[{"value": user.id}]))
    assert [member.value for member in group.members] == [user.id], group
    member = scim.query(User, user.id)
    assert [of.value for of in member.groups] == [group.id], member
    assert member.meta.version == user.meta.version
    inner = scim.create(Group(display_name="Trainees"))
    value = [{"value": inner.id, "type": "Group"}]
    nested = scim.modify(group, patch(Group, op="add", path="members", value=value))
    assert {member.value for member in nested.members} == {user.id, inner.id}, nested
    text = f'members.value eq "{user.id}"'
    found = scim.query(Group, query_parameters=SearchRequest(filter=text))
    assert [one.id for one in found.resources] == [group.id], found
    left = scim.modify(nested, patch(Group, op="remove", path=f'members[value eq "{inner.id}"]'))
    assert [member.value for member in left.members] == [user.id], left
    left.display_name = "Guides"
    renamed = scim.replace(left)
    assert renamed.display_name == "Guides" and len(renamed.members) == 1, renamed
    order = SearchRequest(sort_by="displayName", sort_order="descending", start_index=1, count=1)
    page = scim.query(Group, query_parameters=order)
    assert page.total_results == 2 and page.resources[0].id == inner.id, page
    return renamed


def delete_all(scim, User, Group, user, group):
    assert scim.delete(user) is None
    refusal(404, scim.query, User, user.id)
    refusal(404, scim.delete, User, user.id)
    empty = scim.query(Group, group.id)
    assert not empty.members and empty.meta.version != group.meta.version, empty
    for one in scim.query(Group).resources:
        scim.delete(one)
    assert scim.query(Group).total_results == 0
    assert scim.query(User).total_results == 0


def main():
    headers = {"Authorization": f"Bearer {os.environ['SCIM_SECRET']}"}
    with Client(base_url=sys.argv[1], headers=headers, trust_env=False) as client:
        scim = SyncSCIMClient(client)
        User, Group = discover(scim)
        user = change_user(scim, User, read_users(scim, User))
        group = live_in_groups(scim, User, Group, user)
        delete_all(scim, User, Group, user, group)


main()
