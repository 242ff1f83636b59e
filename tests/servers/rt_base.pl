# RT initialdata: queues, agents with their rights, the survey's custom fields, and a token for the connector.
my %agents = (alma => 'Alma Agent', bert => 'Bert Agent', cora => 'Cora Agent');
my @queues = qw(Support Billing Shipping);
@Groups = ({ Name => 'Agents', Description => 'All who answer' });
@Users = map { {
    Name => $_, RealName => $agents{$_}, EmailAddress => "$_\@ourhouse.example", Password => "$_-secret-1", Privileged => 1,
} } sort keys %agents;
@Members = map { { Group => 'Agents', GroupDomain => 'UserDefined', Class => 'RT::User', Name => $_ } } sort keys %agents;
@Queues = map { { Name => $_, CorrespondAddress => lc($_) . '@ourhouse.example' } } @queues;
@ACL = (
    (map { { Right => $_, GroupDomain => 'UserDefined', GroupId => 'Agents' } }
        qw(SeeQueue ShowTicket ShowTicketComments CreateTicket ReplyToTicket CommentOnTicket ModifyTicket OwnTicket
           TakeTicket StealTicket ReassignTicket SeeCustomField ModifyCustomField SeeGroup)),
    (map { { Right => $_, GroupDomain => 'SystemInternal', GroupType => 'Everyone' } } qw(CreateTicket ReplyToTicket)),
);
@CustomFields = (
    {   Name => 'CSAT', Type => 'SelectSingle', LookupType => 'RT::Queue-RT::Ticket', ApplyTo => \@queues,
        Values => [ map { { Name => $_, SortOrder => $_ } } 1 .. 5 ],
    },
    { Name => 'CSAT reason', Type => 'FreeformSingle', LookupType => 'RT::Queue-RT::Ticket', ApplyTo => \@queues },
);
@Final = (sub {
    my $root = RT::CurrentUser->new;
    $root->Load('root');
    my ($id, $said, $token) = RT::AuthToken->new($root)->Create(Owner => $root->Id, Description => 'c360');
    die $said unless $id;
    open my $file, '>', $ENV{RT_TOKEN_FILE} or die "$ENV{RT_TOKEN_FILE}: $!";
    print $file $token;
    close $file;
});
1;
